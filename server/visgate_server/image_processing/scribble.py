"""Turns a soft edge map into a scribble, as ControlNet's annotator does; knows nothing about the edges' network."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

RIDGE_THRESHOLD = 127.0
"""Smoothed edge strength, 0–255, from which a ridge is drawn: the annotator's value."""

SMOOTHING_SIGMA = 3.0
"""Pixels; the annotator smooths with it before it looks for ridges, and again to make strokes of them."""

STROKE_THRESHOLD = 4.0
"""Strength, 0–255, from which a pixel of the smoothed ridges belongs to a stroke: the annotator's value."""

STROKE_WIDTH = 12.0
"""Pixels, of the strokes that those two values make of a ridge: 255 / (3 √2π) · exp(−6.2² / 18) = 4."""

_LINES = (
    np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]], np.uint8),
    np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0]], np.uint8),
    np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.uint8),
    np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], np.uint8),
)
"""Three pixels in a row, in each of the four directions."""


def edge_ridges(edges: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The pixels where the smoothed edge strength is highest across some direction: lines about a pixel wide.

    Non-maximum suppression without gradients, as in ControlNet's annotator (Zhang et al. 2023, `annotator/util.py`,
    `nms`): a pixel stays if it is the largest of the three in a row in any of four directions.

    Args:
        edges: float32 [height, width], 0–255.
    """
    smooth = cv2.GaussianBlur(edges, (0, 0), SMOOTHING_SIGMA)
    ridges = np.zeros(edges.shape, np.bool_)
    for line in _LINES:
        ridges |= cv2.dilate(smooth, line) == smooth
    return ridges & (smooth > RIDGE_THRESHOLD)


def scribble(
    edges: NDArray[np.float32], size: tuple[int, int], *, stroke_width: float = STROKE_WIDTH
) -> NDArray[np.uint8]:
    """A scribble of even white strokes on black along the ridges of an edge map.

    Args:
        edges: float32 [height, width], 0–255.
        size: width and height of the picture to return; strokes grow and shrink with it.
        stroke_width: of the strokes, in pixels of the edge map.

    Returns:
        UINT8 [height, width] of that size, each pixel 0 or 255.
    """
    ridges = edge_ridges(edges).astype(np.float32) * 255.0
    strokes = cv2.GaussianBlur(ridges, (0, 0), SMOOTHING_SIGMA * stroke_width / STROKE_WIDTH)
    # Thresholding after the resize keeps the strokes' sides smooth in a large picture.
    enlarged = cv2.resize(strokes, size, interpolation=cv2.INTER_LINEAR)
    return np.where(enlarged > STROKE_THRESHOLD, np.uint8(255), np.uint8(0))
