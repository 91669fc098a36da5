"""Writes small labels that can be read on any picture; knows nothing about what they name."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.strokes import Colour, ink_on

_FONT = cv2.FONT_HERSHEY_SIMPLEX
SMALLEST_LETTERS = 7
"""Height in pixels below which letters cannot be read."""


@dataclass(frozen=True)
class Label:
    """A text in its size; lengths in pixels."""

    text: str
    letters: int
    width: int
    height: int

    def draw(self, canvas: NDArray[np.uint8], x: int, y: int, colour: Colour) -> None:
        """Writes the text on a filled rectangle whose upper left corner is at x, y."""
        right, bottom = x + self.width - 1, y + self.height - 1
        cv2.rectangle(canvas, (x, y), (right, bottom), colour, cv2.FILLED)
        thickness = _thickness(self.letters)
        scale = cv2.getFontScaleFromHeight(_FONT, self.letters, thickness)
        (_, above), _ = cv2.getTextSize(self.text, _FONT, scale, thickness)
        place = (x + _rim(self.letters), y + _rim(self.letters) + above)
        cv2.putText(canvas, self.text, place, _FONT, scale, ink_on(colour), thickness, cv2.LINE_AA)


def fitting_label(text: str, letters: int, width: int, height: int) -> Label | None:
    """The text with letters as high as given, or as fit; None if no legible ones fit.

    Args:
        text: ASCII; OpenCV's fonts have no more.
        letters: height of the letters at most, in pixels.
        width: of the room there is, in pixels.
        height: of the room there is, in pixels.
    """
    for size in range(letters, SMALLEST_LETTERS - 1, -1):
        thickness = _thickness(size)
        scale = cv2.getFontScaleFromHeight(_FONT, size, thickness)
        (text_width, above), below = cv2.getTextSize(text, _FONT, scale, thickness)
        label = Label(text, size, text_width + 2 * _rim(size), above + below + 2 * _rim(size))
        if label.width <= width and label.height <= height:
            return label
    return None


def _thickness(letters: int) -> int:
    return max(1, round(letters / 10))


def _rim(letters: int) -> int:
    return max(2, letters // 5)
