"""Resizes pictures with the interpolation that suits the direction; knows nothing about what they are for."""

from __future__ import annotations

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
    # OpenCV's area interpolation is a mean only if neither side grows; it is the nearest pixel otherwise.
    shrinks = width <= image.shape[1] and height <= image.shape[0]
    method = cv2.INTER_AREA if shrinks else enlarging
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)
