"""Decodes M-LSD's maps into straight line segments and merges repeats; knows nothing about tools or pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARED_PART = 2 / 3
"""A segment repeats a stronger one if at least this part of its length runs beside it."""


@dataclass(frozen=True)
class Segments:
    """Straight line segments, strongest first.

    Attributes:
        ends: float32 [count, 4], x1, y1, x2, y2.
        scores: float32 [count], 0–1.
    """

    ends: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def lengths(self) -> NDArray[np.float32]:
        """float32 [count], in the unit of `ends`."""
        lengths: NDArray[np.float32] = np.hypot(self.ends[:, 2] - self.ends[:, 0], self.ends[:, 3] - self.ends[:, 1])
        return lengths

    def select(self, chosen: NDArray[np.bool_]) -> Segments:
        """The segments where `chosen`, bool [count], is true."""
        return Segments(self.ends[chosen], self.scores[chosen])

    def scaled(self, x: float, y: float) -> Segments:
        """The segments with their coordinates multiplied."""
        return Segments(self.ends * np.array([x, y, x, y], np.float32), self.scores)


def decode_segments(
    scores: NDArray[np.float32], offsets: NDArray[np.float32], *, threshold: float, count: int
) -> Segments:
    """Reads the segments out of M-LSD's maps.

    The maps are those of Gu et al. 2022, "Towards Light-Weight and Real-Time Line Segment Detection".

    Each cell of the map stands for the segment whose middle lies in it; the network has applied the sigmoid to the
    scores and set all but their local maxima to zero.

    Args:
        scores: float32 [rows, columns], 0–1.
        offsets: float32 [rows, columns, 4]: from the cell to the two ends, dx1, dy1, dx2, dy2, in cells.
        threshold: segments with lower scores are left out.
        count: segments to return at most.

    Returns:
        The segments in cells, within the map.
    """
    rows, columns = np.nonzero((scores >= threshold) & (scores > 0.0))
    found = scores[rows, columns]
    strongest = np.argsort(-found, kind="stable")[:count]
    rows, columns = rows[strongest], columns[strongest]
    middles = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32)
    height, width = scores.shape
    ends = np.clip(middles + offsets[rows, columns], 0.0, np.array([width, height, width, height], np.float32))
    return Segments(ends, found[strongest])


def without_repeats(segments: Segments, distance: float) -> Segments:
    """Leaves out each segment that runs along a stronger one.

    A thick or slightly bent line answers as several segments beside and inside each other, with ends that vary. A
    segment repeats another if both its ends are within `distance` of the other's line and most of it is beside the
    other.

    Args:
        segments: strongest first.
        distance: in the unit of the segments' coordinates.
    """
    kept: list[int] = []
    for index, segment in enumerate(segments.ends):
        if not _runs_along(segment, segments.ends[kept], distance).any():
            kept.append(index)
    return Segments(segments.ends[kept], segments.scores[kept])


def _runs_along(segment: NDArray[np.float32], others: NDArray[np.float32], distance: float) -> NDArray[np.bool_]:
    starts, along = others[:, :2], others[:, 2:] - others[:, :2]
    lengths = np.maximum(np.hypot(along[:, 0], along[:, 1]), np.finfo(np.float32).eps)
    directions = along / lengths[:, None]
    # Each end of the segment, seen from each other's start: how far along its line, and how far beside it.
    first, second = segment[:2] - starts, segment[2:] - starts
    places = np.stack([(first * directions).sum(axis=1), (second * directions).sum(axis=1)])
    aside = np.abs(np.stack([_cross(directions, first), _cross(directions, second)])).max(axis=0)
    shared = np.minimum(places.max(axis=0), lengths) - np.maximum(places.min(axis=0), 0.0)
    length = float(np.hypot(*(segment[2:] - segment[:2])))
    repeats: NDArray[np.bool_] = (aside <= distance) & (shared >= SHARED_PART * length)
    return repeats


def _cross(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    product: NDArray[np.float32] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product
