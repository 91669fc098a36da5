"""Gives each part of a picture a colour of its own; knows nothing about what the parts are."""

from __future__ import annotations

import colorsys

from visgate_server.drawing.strokes import Colour

_STEPS = (0.618034, 0.7548777, 0.5698403)
"""Shares of hue, saturation and value from one colour to the next: none comes round soon, alone or with another."""


def part_colours(count: int) -> tuple[Colour, ...]:
    """So many colours, RGB 0–255, no two alike and none near black; the same ones every time.

    Hues go round the circle in steps of the golden ratio, so that neighbours differ most.
    """
    colours: dict[Colour, None] = {}
    number = 0
    while len(colours) < count:
        hue, saturation, value = ((0.33 + number * step) % 1.0 for step in _STEPS)
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.5 + 0.45 * saturation, 0.6 + 0.4 * value)
        colours[round(255 * red), round(255 * green), round(255 * blue)] = None
        number += 1
    return tuple(colours)
