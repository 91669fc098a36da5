"""Thins out boxes that mark the same thing; knows nothing about what the things are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""float32 [count, 4]: x1, y1, x2, y2."""

Scores = NDArray[np.float32]


def overlaps(boxes: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each box with each other, float32 [boxes, others], 0–1; 0 where both are empty."""
    upper_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    lower_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(lower_right - upper_left, 0.0, None).prod(axis=2)
    union = _areas(boxes)[:, None] + _areas(others)[None, :] - shared
    ratios: NDArray[np.float32] = shared / np.maximum(union, np.finfo(np.float32).tiny)
    return ratios


def _areas(boxes: Boxes) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1)
    return areas


def suppress(boxes: Boxes, scores: Scores, overlap: float) -> NDArray[np.intp]:
    """Which boxes stay when every box goes that overlaps a stronger one that stays, strongest first.

    Args:
        boxes: float32 [count, 4].
        scores: float32 [count].
        overlap: intersection over union above which two boxes mark the same thing.
    """
    return np.array([group[0] for group in clusters(boxes, scores, overlap)], np.intp)


def suppress_by_class(
    boxes: Boxes, scores: Scores, classes: NDArray[np.int64], overlap: float, overlap_across: float = 1.0
) -> NDArray[np.intp]:
    """As `suppress`, where boxes of different classes may overlap more than those of one, strongest first.

    Args:
        boxes: float32 [count, 4].
        scores: float32 [count].
        classes: int64 [count].
        overlap: above which two boxes of one class mark the same thing.
        overlap_across: above which two boxes of different classes do.
    """
    order = np.argsort(-scores, kind="stable")
    ratios = overlaps(boxes, boxes)
    limits = np.where(classes[:, None] == classes[None, :], overlap, overlap_across)
    kept: list[int] = []
    for index in order.tolist():
        if not (ratios[index, kept] > limits[index, kept]).any():
            kept.append(index)
    return np.array(kept, np.intp)


def clusters(boxes: Boxes, scores: Scores, overlap: float) -> list[NDArray[np.intp]]:
    """Boxes that mark the same thing, each group strongest first, groups by their strongest box.

    Args:
        boxes: float32 [count, 4].
        scores: float32 [count].
        overlap: intersection over union with a group's strongest box above which a box belongs to the group.
    """
    remaining = np.argsort(-scores, kind="stable")
    ratios = overlaps(boxes, boxes)
    groups = []
    while len(remaining):
        same = ratios[remaining[0], remaining] > overlap
        same[0] = True
        groups.append(remaining[same])
        remaining = remaining[~same]
    return groups
