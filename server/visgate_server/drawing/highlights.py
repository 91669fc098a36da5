"""Tints areas of a picture as with a marker pen, so that what is under them can be read; knows no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.labels import fitting_label
from visgate_server.drawing.strokes import Colour, strokes_for

STRENGTH = 0.4
"""Share of the colour in a tinted pixel."""


@dataclass(frozen=True)
class Highlight:
    """An area to tint and a label for it.

    Attributes:
        outline: float32 [corners, 2], x and y in pixels of the picture.
        label: ASCII.
    """

    outline: NDArray[np.float32]
    label: str
    colour: Colour


def draw_highlights(picture: NDArray[np.uint8], highlights: Sequence[Highlight]) -> NDArray[np.uint8]:
    """A copy of the picture with the areas tinted, and labelled where a label fits beside its area.

    Args:
        picture: UINT8 [height, width, 3], RGB, of any size.
        highlights: what to draw.
    """
    canvas = np.ascontiguousarray(picture).copy()
    tinted = np.zeros(canvas.shape[:2], np.bool_)
    for highlight in highlights:
        _tint(canvas, tinted, highlight)
    for highlight in highlights:
        _label(canvas, tinted, highlight)
    return canvas


def _tint(canvas: NDArray[np.uint8], tinted: NDArray[np.bool_], highlight: Highlight) -> None:
    height, width, _ = canvas.shape
    corners = np.rint(np.clip(highlight.outline, 0, [width - 1, height - 1])).astype(np.int32)
    left, top, across, down = cv2.boundingRect(corners)
    place = (slice(top, top + down), slice(left, left + across))
    filled = np.zeros((down, across), np.uint8)
    cv2.fillPoly(filled, [corners], (1,), offset=(-left, -top))
    mask = filled > 0
    colours = canvas[place][mask] * (1.0 - STRENGTH) + np.array(highlight.colour) * STRENGTH
    canvas[place][mask] = np.rint(colours).astype(np.uint8)
    tinted[place] |= mask


def _label(canvas: NDArray[np.uint8], tinted: NDArray[np.bool_], highlight: Highlight) -> None:
    height, width, _ = canvas.shape
    left, top = np.rint(highlight.outline.min(axis=0)).astype(int).tolist()
    right = int(np.rint(highlight.outline[:, 0].max())) + 1
    letters = strokes_for(height, width).letters
    for to_the_left, room in ((True, left), (False, width - right)):
        label = fitting_label(highlight.label, letters, room, height)
        if label is None:
            continue
        x = left - label.width if to_the_left else right
        y = int(np.clip(top, 0, height - label.height))
        # A label on another area would hide what that one marks.
        if not tinted[y : y + label.height, x : x + label.width].any():
            label.draw(canvas, x, y, highlight.colour)
            return
