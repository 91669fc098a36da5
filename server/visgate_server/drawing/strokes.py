"""Chooses line widths, letter heights and colours that can be seen in a picture of any size; draws nothing."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Colour = tuple[int, int, int]
"""Red, green, blue, 0–255."""

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

_GOLDEN_RATIO = 0.618034
_REFERENCE_SIDE = 512.0


@dataclass(frozen=True)
class Strokes:
    """Sizes in pixels that suit one picture."""

    line: int
    dot: int
    letters: int


def strokes_for(height: int, width: int) -> Strokes:
    """Sizes for a picture of `height` × `width` pixels: a two-pixel line at 512 × 512, growing with the picture."""
    factor = (height * width) ** 0.5 / _REFERENCE_SIDE
    return Strokes(line=max(1, round(2 * factor)), dot=max(1, round(4 * factor)), letters=max(9, round(12 * factor)))


def colour_of(index: int) -> Colour:
    """A bright colour a number; neighbours differ most (steps of the golden ratio around the hue circle)."""
    red, green, blue = colorsys.hsv_to_rgb((0.33 + index * _GOLDEN_RATIO) % 1.0, 0.85, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever can be read on a colour (luma of ITU-R BT.601)."""
    red, green, blue = colour
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else WHITE
