"""Works out the larger canvas that a picture is extended to, from what the caller said; draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError
from visgate_server.tool_model import ToolRequest

MOST_PIXELS = 2048 * 2048
"""Of the extended picture, in all."""
MOST_FACTOR = 4.0
USUAL_FACTOR = 1.5
"""How many times as wide and high the picture becomes where the request does not say."""

_EDGES = ("left", "right", "top", "bottom")
_SIZES = ("width", "height")


@dataclass(frozen=True)
class Canvas:
    """A larger canvas and where the picture lies on it, in pixels.

    Attributes:
        width: of the canvas.
        height: of the canvas.
        left: columns to the left of the picture.
        top: rows above the picture.
    """

    width: int
    height: int
    left: int
    top: int

    def place(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The canvas with the picture on it, UINT8 [height, width, 3], and where it is still empty, bool."""
        rows, columns = picture.shape[:2]
        canvas = np.zeros((self.height, self.width, 3), np.uint8)
        empty = np.ones((self.height, self.width), np.bool_)
        inside = (slice(self.top, self.top + rows), slice(self.left, self.left + columns))
        canvas[inside] = picture
        empty[inside] = False
        return canvas, empty


def canvas_of(request: ToolRequest) -> Canvas:
    """The canvas that a request asks for.

    It can be said in three ways: by the pixels to add at each side, by the size of the result, or by a factor. The
    picture stays in the middle for the latter two.

    Raises:
        InvalidArgumentError: it is said in two ways at once, is not larger than the picture, or far too large.
    """
    height, width = request.image().shape[:2]
    added = {name: request.integer(name) for name in _EDGES}
    size = {name: request.integer(name) for name in _SIZES}
    factor = request.number("factor")
    if sum((any(added.values()), any(size.values()), factor > 0)) > 1:
        raise InvalidArgumentError(
            "the new size is said in more than one way: give LEFT, RIGHT, TOP and BOTTOM; or WIDTH and HEIGHT; or "
            "FACTOR"
        )
    if any(added.values()):
        canvas = Canvas(
            width + added["left"] + added["right"],
            height + added["top"] + added["bottom"],
            added["left"],
            added["top"],
        )
    else:
        factor = factor or USUAL_FACTOR
        wide = size["width"] or (width if size["height"] else round(factor * width))
        high = size["height"] or (height if size["width"] else round(factor * height))
        canvas = Canvas(wide, high, (wide - width) // 2, (high - height) // 2)
    _check(canvas, width, height)
    return canvas


def _check(canvas: Canvas, width: int, height: int) -> None:
    sizes = f"from {width} × {height} to {canvas.width} × {canvas.height} pixels"
    if canvas.width < width or canvas.height < height or (canvas.width, canvas.height) == (width, height):
        raise InvalidArgumentError(f"{sizes} extends nothing: ask for a size that is larger and nowhere smaller")
    if canvas.width * canvas.height > MOST_PIXELS:
        raise InvalidArgumentError(f"{sizes} is too large: the result may have {MOST_PIXELS} pixels at most")
