"""Covers a picture of any shape with squares that a network can look at one by one; knows nothing about networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

STRETCHED = 1.3
"""A picture whose longer side is at most this many times the shorter is one square, a little stretched."""

MOST = 12
"""A picture that would need more squares is a strip, and is looked at as a whole: nothing in it has its shape."""

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """A part of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def part(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part, UINT8 [height, width, 3]."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def view(self, image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        """The part as UINT8 [side, side, 3]."""
        return resized(self.part(image), side, side)


def windows_of(width: int, height: int) -> tuple[Window, ...]:
    """Squares along the longer side, each half over the last; one window for a nearly square picture or a strip."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= STRETCHED * shorter:
        return (Window(0, 0, width, height),)
    steps = max(1, math.ceil((longer - shorter) / (shorter / 2)))
    if steps >= MOST:
        return (Window(0, 0, width, height),)
    starts = [round(step * (longer - shorter) / steps) for step in range(steps + 1)]
    if width >= height:
        return tuple(Window(start, 0, shorter, shorter) for start in starts)
    return tuple(Window(0, start, shorter, shorter) for start in starts)


def merged(planes: list[Plane], windows: tuple[Window, ...], width: int, height: int, longest: int) -> Plane:
    """The largest value that any window has at each place.

    Args:
        planes: float32 [rows, columns], one a window, covering it.
        windows: parts of a picture of `width` × `height` pixels.
        width: of the picture.
        height: of the picture.
        longest: pixels of the result's longer side.

    Returns:
        float32 [rows, columns] in the picture's proportions.
    """
    import cv2

    factor = longest / max(width, height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    whole = np.zeros((size[1], size[0]), np.float32)
    for plane, window in zip(planes, windows, strict=True):
        left, top = (
            min(round(start * factor), end - 1) for start, end in zip((window.left, window.top), size, strict=True)
        )
        right, bottom = (
            min(max(round(stop * factor), start + 1), end)
            for stop, start, end in zip(
                (window.left + window.width, window.top + window.height), (left, top), size, strict=True
            )
        )
        enlarged = cv2.resize(plane, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        np.maximum(whole[top:bottom, left:right], enlarged, out=whole[top:bottom, left:right])
    return whole
