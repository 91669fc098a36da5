"""Measures what a mask covers: its share of the picture and the box around it; knows nothing about what it marks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_COVERED = 128
"""A mask covers the pixels that have this level or more: those that are more than half opaque."""


def covered_share(mask: NDArray[np.uint8]) -> float:
    """The share of the pixels of a mask, UINT8 [height, width], that it covers, 0–1."""
    return float(np.count_nonzero(mask >= _COVERED)) / mask.size


def box_around(mask: NDArray[np.uint8]) -> list[int] | None:
    """The box around all that a mask, UINT8 [height, width], covers; None where it covers nothing.

    Returns:
        x1, y1, x2, y2 in pixels, the right and lower side not included.
    """
    left, top, width, height = cv2.boundingRect(mask & _COVERED)
    return [left, top, left + width, top + height] if width else None
