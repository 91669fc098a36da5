"""Finds the peaks of heat maps, where a network takes joints to be; knows nothing about whose joints they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SMOOTHING = 3.0
"""Standard deviation in pixels of the blur before peaks are sought, as in OpenPose's reference code."""


def peaks(heat: Plane, least: float) -> NDArray[np.float32]:
    """The places where a heat map is higher than around them.

    Args:
        heat: float32 [rows, columns].
        least: a peak is higher than this once it is smoothed.

    Returns:
        float32 [peaks, 3]: x and y in pixels, and the heat there, unsmoothed; the highest first.
    """
    smooth = cv2.GaussianBlur(heat, (0, 0), SMOOTHING, borderType=cv2.BORDER_REPLICATE)
    padded = np.pad(smooth, 1, constant_values=-np.inf)
    # On a plateau of two equal pixels the first one is the peak, and not both.
    higher = (
        (smooth >= padded[1:-1, 2:])
        & (smooth > padded[1:-1, :-2])
        & (smooth >= padded[2:, 1:-1])
        & (smooth > padded[:-2, 1:-1])
        & (smooth > least)
    )
    rows, columns = np.nonzero(higher)
    found = np.stack([columns, rows, heat[rows, columns]], axis=1).astype(np.float32)
    highest_first: NDArray[np.float32] = found[np.argsort(-found[:, 2], kind="stable")]
    return highest_first
