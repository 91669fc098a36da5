"""Cuts a large picture into overlapping tiles of one size and says which part of each to keep; computes no pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """A stretch of one axis: from `start` up to, not including, `stop`, in pixels."""

    start: int
    stop: int

    def scaled(self, factor: int) -> slice:
        """The same stretch in a picture `factor` times as large, as a slice."""
        return slice(self.start * factor, self.stop * factor)


@dataclass(frozen=True)
class TileAxis:
    """A tile along one axis: what the network sees (`window`) and what of its answer is kept (`keep`).

    Both are in the picture's pixels; the kept stretches of an axis touch each other and cover it once.
    """

    window: Span
    keep: Span

    def kept_in_window(self, factor: int) -> slice:
        """The kept stretch counted from the window's start, in a picture `factor` times as large."""
        return Span(self.keep.start - self.window.start, self.keep.stop - self.window.start).scaled(factor)


@dataclass(frozen=True)
class Tile:
    """A tile of a picture."""

    rows: TileAxis
    columns: TileAxis


def tiles(height: int, width: int, side: int, overlap: int) -> Iterator[Tile]:
    """Covers a picture with tiles.

    All windows have one size, so that they can share a batch and a memory plan. Between a kept pixel and a side of
    its window that is not the picture's own side lie at least `overlap` pixels: with an overlap of the network's
    receptive radius the tiles together equal the whole picture run at once.

    Args:
        height: the picture's rows.
        width: the picture's columns.
        side: a window's longest side in pixels; more than twice `overlap`.
        overlap: in pixels.

    Raises:
        ValueError: `side` leaves nothing to keep between the overlaps.
    """
    if side <= 2 * overlap:
        raise ValueError(f"tiles of {side} pixels keep nothing between overlaps of {overlap}: make them larger")
    columns = _axis(width, side, overlap)
    for row in _axis(height, side, overlap):
        for column in columns:
            yield Tile(row, column)


def _axis(length: int, side: int, overlap: int) -> list[TileAxis]:
    if length <= side:
        return [TileAxis(Span(0, length), Span(0, length))]
    last = -(-(length - side) // (side - 2 * overlap))
    starts = [index * (length - side) // last for index in range(last + 1)]
    seams = [(start + after + side) // 2 for start, after in pairwise(starts)]
    edges = [0, *seams, length]
    return [
        TileAxis(Span(start, start + side), Span(low, high))
        for start, low, high in zip(starts, edges[:-1], edges[1:], strict=True)
    ]
