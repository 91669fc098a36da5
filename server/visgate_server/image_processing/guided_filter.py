"""Fits a coarse mask to a picture's edges with the guided filter; knows nothing about where the mask came from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

WORKING_SIDE = 512
"""The coefficients are computed at this longer side, whatever the picture's: they vary slowly, its edges do not."""

RADIUS_SHARE = 1 / 64
"""The window's radius as a share of the working side: 8 pixels of 512, four of a mask of 256."""

SMOOTHNESS = 1e-3
"""The filter's epsilon for colours of 0–1: contrasts below its root, 3 %, are taken for texture, not for edges."""

Plane = NDArray[np.float32]


def fit_to_edges(mask: Plane, image: NDArray[np.uint8], radius_share: float = RADIUS_SHARE) -> Plane:
    """Makes the sides of a mask run along the edges of a picture.

    The guided filter with a colour guide (He, Sun and Tang 2010, "Guided Image Filtering", equations 19–21), its
    coefficients computed on a smaller picture (He and Sun 2015, "Fast Guided Filter"): within each window the mask
    becomes a linear function of the colour, so that it changes where the colour does.

    Args:
        mask: float32 [rows, columns], 0–1, of any size; it covers the whole picture.
        image: UINT8 [height, width, 3], the guide.
        radius_share: the window's radius as a share of the working side; a coarser mask needs a wider one.

    Returns:
        float32 [height, width], 0–1.
    """
    height, width, _ = image.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    small = resized(image, max(1, round(width * scale)), max(1, round(height * scale)))
    radius = max(1, round(max(small.shape) * radius_share))
    slopes, offset = _coefficients(_resized_plane(mask, small.shape[1], small.shape[0]), small, radius)
    # Channel by channel: a picture of 16 million pixels is 64 MB of float32 in each.
    fitted = _resized_plane(offset, width, height)
    for channel, slope in enumerate(slopes):
        fitted += _resized_plane(slope, width, height) * image[..., channel]
    return np.clip(fitted, 0.0, 1.0, out=fitted)


def _coefficients(mask: Plane, guide: NDArray[np.uint8], radius: int) -> tuple[list[Plane], Plane]:
    """Three slopes, for channels of 0–255, and an offset, each averaged over the windows that a pixel lies in."""
    channels = [np.ascontiguousarray(guide[..., index], np.float32) / 255.0 for index in range(3)]
    means = [_mean(channel, radius) for channel in channels]
    mask_mean = _mean(mask, radius)
    with_mask = [_mean(channels[i] * mask, radius) - means[i] * mask_mean for i in range(3)]
    slopes = _solve(_covariance(channels, means, radius), with_mask)
    offset = mask_mean - sum(slope * mean for slope, mean in zip(slopes, means, strict=True))
    return [_mean(slope, radius) / np.float32(255.0) for slope in slopes], _mean(offset, radius)


def _covariance(channels: list[Plane], means: list[Plane], radius: int) -> dict[tuple[int, int], Plane]:
    """The channels' covariance in each window, upper triangle, with the smoothness on its diagonal."""
    return {
        (i, j): _mean(channels[i] * channels[j], radius) - means[i] * means[j] + np.float32(SMOOTHNESS * (i == j))
        for i in range(3)
        for j in range(i, 3)
    }


def _solve(matrix: dict[tuple[int, int], Plane], right: list[Plane]) -> list[Plane]:
    """Solves a symmetric 3 × 3 system in every pixel at once, by its adjugate."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    adjugate = {
        (0, 0): d * f - e * e,
        (0, 1): c * e - b * f,
        (0, 2): b * e - c * d,
        (1, 1): a * f - c * c,
        (1, 2): b * c - a * e,
        (2, 2): a * d - b * b,
    }
    determinant = a * adjugate[0, 0] + b * adjugate[0, 1] + c * adjugate[0, 2]
    x, y, z = right
    return [
        (adjugate[0, 0] * x + adjugate[0, 1] * y + adjugate[0, 2] * z) / determinant,
        (adjugate[0, 1] * x + adjugate[1, 1] * y + adjugate[1, 2] * z) / determinant,
        (adjugate[0, 2] * x + adjugate[1, 2] * y + adjugate[2, 2] * z) / determinant,
    ]


def _mean(plane: Plane, radius: int) -> Plane:
    side = 2 * radius + 1
    return np.asarray(cv2.boxFilter(plane, -1, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _resized_plane(plane: Plane, width: int, height: int) -> Plane:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
