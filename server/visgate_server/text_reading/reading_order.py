"""Puts lines of text into the order in which a page is read; knows nothing about what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visgate_server.text_reading.text_regions import TextLine

SAME_ROW = 0.5
"""Lines whose middles lie closer than this, relative to the height of the lower of the two, stand in one row."""


def reading_rows(lines: Sequence[TextLine]) -> list[list[int]]:
    """The lines' numbers row by row from the top, each row from its start; the page may be turned by any angle.

    Columns are not told apart: what stands side by side is read across.
    """
    if not lines:
        return []
    middles = np.array([line.quad.mean(axis=0) for line in lines])
    runs = np.array([line.quad[1] - line.quad[0] for line in lines])
    # Long lines show the page's direction better than short ones, so they count by their length.
    right = runs.sum(axis=0)
    right = right / max(float(np.hypot(*right)), 1e-6) if right.any() else np.array([1.0, 0.0])
    along, down = middles @ right, middles @ np.array([-right[1], right[0]])
    rows: list[list[int]] = []
    for index in np.argsort(down, kind="stable").tolist():
        if rows and _same_row(lines, down, rows[-1], index):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [sorted(row, key=lambda index: float(along[index])) for row in rows]


def _same_row(lines: Sequence[TextLine], down: NDArray[np.float64], row: Sequence[int], index: int) -> bool:
    mean = float(np.mean([down[other] for other in row]))
    height = min(lines[index].height, *(lines[other].height for other in row))
    return abs(float(down[index]) - mean) < SAME_ROW * height
