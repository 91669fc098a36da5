"""Resizes pictures with the interpolation that suits the direction; knows nothing about what they are for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def resized(
    image: NDArray[np.uint8], width: int, height: int, *, enlarging: int = cv2.INTER_LINEAR
) -> NDArray[np.uint8]:
    """A picture at another size; the mean of the pixels that fall together where it shrinks.

    Args:
        image: UINT8 [height, width] or [height, width, channels].
        width: of the result, in pixels.
        height: of the result, in pixels.
        enlarging: OpenCV's interpolation for when the picture does not get smaller.
    """
    return np.asarray(_resized(image, width, height, enlarging), np.uint8)


def resized_plane(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Numbers of any unit, float32 [height, width] or [height, width, channels], at another size as `resized` does."""
    return np.asarray(_resized(plane, width, height, cv2.INTER_LINEAR), np.float32)


def _resized(array: NDArray[Any], width: int, height: int, enlarging: int) -> NDArray[Any]:
    # OpenCV's area interpolation is a mean only if neither side grows; it is the nearest pixel otherwise.
    shrinks = width <= array.shape[1] and height <= array.shape[0]
    method = cv2.INTER_AREA if shrinks else enlarging
    return np.asarray(cv2.resize(array, (width, height), interpolation=method))
