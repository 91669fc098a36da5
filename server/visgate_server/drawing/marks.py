"""Draws labelled outlines onto a picture; knows nothing about what they mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.labels import fitting_label
from visgate_server.drawing.strokes import BLACK, Colour, Strokes, strokes_for

_PLACES_SHIFT = 3
"""OpenCV draws at fractions of a pixel given as integers: these many binary places."""


@dataclass(frozen=True)
class Mark:
    """An outline and what to write at it.

    Attributes:
        corners: x and y in pixels of the picture, in drawing order.
        label: ASCII.
        dots: further points to mark, x and y.
    """

    corners: Sequence[tuple[float, float]]
    label: str
    colour: Colour
    dots: Sequence[tuple[float, float]] = ()


def box_corners(box: Sequence[float]) -> list[tuple[float, float]]:
    """The corners of a box x1, y1, x2, y2."""
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def draw_marks(picture: NDArray[np.uint8], marks: Sequence[Mark]) -> NDArray[np.uint8]:
    """A copy of the picture with the marks drawn, the first uppermost.

    A label that cannot be written legibly within the picture is left out.

    Args:
        picture: UINT8 [height, width, 3], RGB, of any size.
        marks: what to draw.
    """
    canvas = np.ascontiguousarray(picture).copy()
    height, width, _ = canvas.shape
    strokes = strokes_for(height, width)
    for mark in reversed(marks):
        _outline(canvas, mark, strokes)
    for mark in reversed(marks):
        _label(canvas, mark, strokes)
    return canvas


def _outline(canvas: NDArray[np.uint8], mark: Mark, strokes: Strokes) -> None:
    height, width, _ = canvas.shape
    inside = np.clip(mark.corners, 0, [width - 1, height - 1])
    points = [np.round(inside * (1 << _PLACES_SHIFT)).astype(np.int32)]
    # A dark rim keeps a bright line visible on a bright picture.
    for colour, thickness in ((BLACK, strokes.line + 2), (mark.colour, strokes.line)):
        cv2.polylines(canvas, points, True, colour, thickness, cv2.LINE_AA, _PLACES_SHIFT)
    for x, y in mark.dots:
        centre = (round(x), round(y))
        cv2.circle(canvas, centre, strokes.dot, BLACK, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, centre, max(1, strokes.dot - 1), mark.colour, cv2.FILLED, cv2.LINE_AA)


def _label(canvas: NDArray[np.uint8], mark: Mark, strokes: Strokes) -> None:
    height, width, _ = canvas.shape
    label = fitting_label(mark.label, strokes.letters, width, height)
    if label is None:
        return
    left, top = np.min(mark.corners, axis=0)
    # Above the outline if there is room, else within it; never over the picture's edge.
    above = round(float(top)) - label.height
    y = int(np.clip(above if above >= 0 else round(float(top)), 0, height - label.height))
    label.draw(canvas, int(np.clip(round(float(left)), 0, width - label.width)), y, mark.colour)
