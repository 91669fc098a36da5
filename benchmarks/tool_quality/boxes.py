"""Boxes in pictures, and how well two of them agree; finds none."""

from __future__ import annotations

from collections.abc import Sequence

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels; the right and the lower side are not included."""

SAME = 0.5
"""Intersection over union from which two boxes are said to mark the same thing (Everingham et al. 2010)."""


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0–1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def best_iou(boxes: Sequence[Sequence[float]], true: Sequence[float]) -> float:
    """That of the box that agrees best; 0 without any."""
    return max((box_iou(box, true) for box in boxes), default=0.0)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
