"""Looks at a picture, or a square part of it, through a network's square input; knows nothing about networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

Image = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class SquareView:
    """What a network sees of a picture, undistorted but for the rounding of sides to whole pixels.

    Attributes:
        image: UINT8 [side, side, 3]; black where the square reaches over the picture's edge.
        scale: pixels of `image` for one pixel of the picture, across and down.
        origin: where the square's upper left corner lies in the picture, x and y in its pixels.
    """

    image: Image
    scale: tuple[float, float]
    origin: tuple[float, float]

    def to_picture(self, points: Points) -> Points:
        """Points of `image`, float32 [..., 2] as x and y, in pixels of the picture; corners of pixels are whole."""
        mapped: Points = (points / np.array(self.scale) + np.array(self.origin)).astype(np.float32)
        return mapped

    def from_picture(self, points: Points) -> Points:
        """Points of the picture, float32 [..., 2] as x and y, in pixels of `image`."""
        mapped: Points = ((points - np.array(self.origin)) * np.array(self.scale)).astype(np.float32)
        return mapped


def letterbox(picture: Image, side: int) -> SquareView:
    """The whole picture in the middle of a black square.

    Args:
        picture: UINT8 [height, width, 3], of any size.
        side: of the square, in pixels.
    """
    height, width, _ = picture.shape
    return square_view(picture, (width / 2, height / 2), max(height, width), side)


def square_view(picture: Image, centre: tuple[float, float], extent: float, side: int) -> SquareView:
    """A square part of the picture.

    Args:
        picture: UINT8 [height, width, 3], of any size.
        centre: of the part, x and y in pixels of the picture, within it.
        extent: side of the part in pixels of the picture; it may reach over the edge.
        side: of the view, in pixels.
    """
    height, width, _ = picture.shape
    factor = side / max(extent, 1.0)
    left, right, before, columns = _span(centre[0], extent, width, factor, side)
    top, bottom, above, rows = _span(centre[1], extent, height, factor, side)
    image = np.zeros((side, side, 3), np.uint8)
    image[above : above + rows, before : before + columns] = resized(picture[top:bottom, left:right], columns, rows)
    scale = (columns / (right - left), rows / (bottom - top))
    return SquareView(image, scale, (left - before / scale[0], top - above / scale[1]))


def _span(centre: float, extent: float, length: int, factor: float, side: int) -> tuple[int, int, int, int]:
    """On one axis: start and stop in the picture, and start and length in the view."""
    start = centre - max(extent, 1.0) / 2
    first = min(max(0, int(np.floor(start))), length - 1)
    last = max(first + 1, min(length, int(np.ceil(start + max(extent, 1.0)))))
    count = min(side, max(1, round((last - first) * factor)))
    before = min(max(0, round((first - start) * factor)), side - count)
    return first, last, before, count
