"""Cuts the part of a picture that is drawn anew out of it, and pastes what was drawn; runs no network.

A drawing has few pixels, and a picture may have many. So a square around the mask is cut out, with enough of its
surroundings to go by, and drawn at the drawing's size; what comes back is fitted to the square again and put under the
mask alone. Outside the mask not one pixel changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
PixelT = TypeVar("PixelT", bound=np.generic)

SURROUNDINGS = 1.5
"""The square's side is at least the mask's longer side times this: what is drawn has to fit what is around it."""

FEATHER = 1.0
"""Width of the soft edge inside the mask, in pixels of the drawing; without it a seam shows."""

SLIGHT = 24
"""Levels, of 255, by which what was drawn outside the mask may differ from what is there and still be meant for it."""

MOST_SHIFT = 64
"""Levels, of 255, by which the whole drawing may be off in shade; if it is farther off, it is another picture."""

_SMOOTH = 0.125
"""Over this share of the square, as a Gaussian's deviation, slight differences are evened out."""


@dataclass(frozen=True)
class Window:
    """A square of a picture, in its pixels; it may reach over the picture's edges.

    Attributes:
        left: of its first column; negative where it begins outside.
        top: of its first row.
        side: width and height.
    """

    left: int
    top: int
    side: int

    def cut(self, picture: NDArray[PixelT]) -> NDArray[PixelT]:
        """The square of [height, width, ...]; beyond the picture's edges its outermost pixels are repeated."""
        rows = np.clip(np.arange(self.top, self.top + self.side), 0, picture.shape[0] - 1)
        columns = np.clip(np.arange(self.left, self.left + self.side), 0, picture.shape[1] - 1)
        return np.asarray(picture[rows[:, None], columns])

    def rows(self, picture: NDArray[Any]) -> slice:
        """The picture's rows that the square covers."""
        return slice(max(self.top, 0), min(self.top + self.side, picture.shape[0]))

    def columns(self, picture: NDArray[Any]) -> slice:
        """The picture's columns that the square covers."""
        return slice(max(self.left, 0), min(self.left + self.side, picture.shape[1]))

    @staticmethod
    def seen(covered: slice, start: int) -> slice:
        """Covered rows or columns, counted from the square's own start."""
        return slice(covered.start - start, covered.stop - start)


@dataclass(frozen=True, eq=False)
class InpaintingPatch:
    """A picture, and the part of it that is drawn anew.

    Attributes:
        picture: as given, UINT8 [height, width, 3].
        window: the square that is drawn.
        mask: what of the square is drawn anew, bool [side, side].
        drawing_side: width and height of the drawing, in pixels.
    """

    picture: Image
    window: Window
    mask: Mask
    drawing_side: int

    def image_to_draw(self) -> Image:
        """The square at the drawing's size, UINT8 [drawing side, drawing side, 3]."""
        return resized(self.window.cut(self.picture), self.drawing_side, self.drawing_side)

    def mask_to_draw(self) -> Image:
        """The mask at the drawing's size, UINT8 [drawing side, drawing side]: 255 is drawn anew, 0 stays.

        A pixel of the drawing of which the mask covers a part only is drawn anew: nothing of what has to go is left.
        """
        levels = resized(np.where(self.mask, np.uint8(255), np.uint8(0)), self.drawing_side, self.drawing_side)
        return np.where(levels > 0, np.uint8(255), np.uint8(0))

    @property
    def is_larger_than_drawing(self) -> bool:
        """Whether the drawing has to be enlarged to fill the square."""
        return self.window.side > self.drawing_side

    def pasted(self, drawn: Image) -> Image:
        """The picture with what was drawn in it, UINT8 [height, width, 3]; exactly as given outside the mask.

        Args:
            drawn: the square, UINT8 [any side, the same side, 3].
        """
        window = self.window
        patch = resized(drawn, window.side, window.side, enlarging=cv2.INTER_CUBIC) + self._shift(drawn)
        rows, columns = window.rows(self.picture), window.columns(self.picture)
        seen = (window.seen(rows, window.top), window.seen(columns, window.left))
        opacity = _opacity(self.mask, FEATHER * max(1.0, window.side / self.drawing_side))[seen][..., None]
        result = self.picture.copy()
        blended = opacity * patch[seen] + (1 - opacity) * result[rows, columns]
        result[rows, columns] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)
        return result

    def _shift(self, drawn: Image) -> NDArray[np.float32]:
        """What evens out the shade, float32 [side, side, 3].

        The network draws all of the square, and what should have stayed a little darker or lighter than it was. So is
        then what it drew under the mask, which would show as a faint square on a plain background.
        """
        side = self.drawing_side
        difference = self.image_to_draw().astype(np.float32) - resized(drawn, side, side)
        known = self.mask_to_draw() == 0
        middle = np.median(difference[known], axis=0) if known.any() else np.zeros(3, np.float32)
        if np.abs(middle).max() > MOST_SHIFT:
            middle = np.zeros(3, np.float32)
        difference -= middle
        alike = (np.abs(difference).max(axis=2) <= SLIGHT) & known
        # A lone pixel is alike by chance.
        weight = cv2.erode(alike.astype(np.float32), np.ones((3, 3), np.uint8))
        sums = cv2.GaussianBlur(difference * weight[..., None], (0, 0), _SMOOTH * side)
        total = cv2.GaussianBlur(weight, (0, 0), _SMOOTH * side)
        shift = middle + sums / np.maximum(total, 1e-3)[..., None]
        return np.asarray(cv2.resize(shift, (self.window.side, self.window.side)), np.float32)


def inpainting_patch(picture: Image, mask: Mask, drawing_side: int, enlarging: int) -> InpaintingPatch:
    """Chooses the square around a mask.

    Args:
        picture: UINT8 [height, width, 3].
        mask: what is drawn anew, bool [height, width]; at least one pixel of it.
        drawing_side: width and height of the drawing, in pixels.
        enlarging: by how much a drawing can be enlarged and still look sharp: a square of that many drawing sides
            loses nothing by being large, and shows more of the picture to go by.
    """
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    rows, columns = mask.shape
    wanted = max(round(SURROUNDINGS * max(width, height)), enlarging * drawing_side)
    # Not larger than the picture's shorter side, unless the mask is: beyond it there is nothing to see.
    side = max(min(wanted, rows, columns), width, height)
    window = Window(_start(left + width / 2, side, columns), _start(top + height / 2, side, rows), side)
    return InpaintingPatch(picture, window, window.cut(mask), drawing_side)


def _start(centre: float, side: int, length: int) -> int:
    """Where a span around `centre` begins: inside an axis of that length if it fits, else in the middle of it."""
    if side >= length:
        return (length - side) // 2
    return min(max(round(centre - side / 2), 0), length - side)


def _opacity(mask: Mask, feather: float) -> NDArray[np.float32]:
    """0 outside the mask, rising to 1 over so many pixels inside it; float32 [side, side]."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    return np.clip(inside / max(feather, 1.0), 0, 1).astype(np.float32)
