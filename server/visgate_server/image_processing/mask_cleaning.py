"""Makes a probability map a clean mask: no stray specks, no pinholes; knows nothing about what the mask shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SOFTNESS = 0.2
"""Probabilities this far below and above the threshold become 0 and 1; between them the mask is soft."""

SPECK_SHARE = 0.05
"""A part smaller than this share of the largest part is a speck."""

HOLE_SHARE = 0.01
"""An enclosed gap smaller than this share of the mask is a hole to fill; a larger one, as under an arm, is not."""

FAINT = 0.1
"""Opacities this close to 0 and 1 are taken for 0 and 1 where haze is removed."""


def clean_mask(probabilities: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    """The mask of what is at least `threshold` probable.

    Args:
        probabilities: float32 [rows, columns], 0–1.
        threshold: 0–1.

    Returns:
        float32 [rows, columns], 0–1, 0 in specks and 1 in holes.
    """
    core = (probabilities >= threshold).astype(np.uint8)
    parts = _without_specks(core)
    filled = _with_holes_filled(parts)
    soft = np.clip((probabilities - (threshold - SOFTNESS)) / (2 * SOFTNESS), 0.0, 1.0).astype(np.float32)
    soft[(filled == 1) & (parts == 0)] = 1.0
    # The soft margin of what is kept lies just outside it.
    margin = cv2.dilate(filled, np.ones((5, 5), np.uint8))
    soft[margin == 0] = 0.0
    return soft


def without_haze(fitted: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A mask that was fitted to edges, float32 0–1, as UINT8 0–255 of the same shape.

    Opacities close to 0 and 1 become 0 and 255: the filter that fits masks to edges leaves a haze about them.
    """
    opacity = np.clip((fitted - FAINT) / (1.0 - 2.0 * FAINT), 0.0, 1.0)
    return np.asarray(np.rint(opacity * 255.0), np.uint8)


def _without_specks(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray(((areas >= SPECK_SHARE * areas.max()) & (areas > 0))[labels], np.uint8)


def _with_holes_filled(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    enclosed = statistics[:, cv2.CC_STAT_AREA] <= HOLE_SHARE * np.count_nonzero(mask)
    sides = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    enclosed[sides] = False
    enclosed[0] = False
    return mask | np.asarray(enclosed[labels], np.uint8)
