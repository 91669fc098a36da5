"""Enlarges SAM's masks to the size of the picture; runs no network.

The rules are those of `SamImageProcessor.post_process_masks` of transformers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.corner_view import CornerView
from visgate_server.image_processing.mask_cleaning import without_haze

Plane = NDArray[np.float32]


def enlarged(logits: Plane, view: CornerView) -> Plane:
    """A mask as the network gives it, in the size of the picture.

    Args:
        logits: float32 [rows, columns], over the whole square; above 0 where the object is.
        view: the square.

    Returns:
        float32 [height, width], logits.
    """
    size = (view.picture_width, view.picture_height)
    return np.asarray(cv2.resize(over_view(logits, view), size, interpolation=cv2.INTER_LINEAR), np.float32)


def over_view(logits: Plane, view: CornerView) -> Plane:
    """A mask as the network gives it, in the size that the picture has in the square.

    Args:
        logits: float32 [rows, columns], over the whole square; above 0 where the object is.
        view: the square.

    Returns:
        float32 [`view.height`, `view.width`], logits.
    """
    side = view.image.shape[0]
    whole = cv2.resize(logits, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(whole[: view.height, : view.width], np.float32)


def together(masks: Plane, view: CornerView) -> NDArray[np.uint8]:
    """The mask of all objects of a picture, UINT8 [height, width], 0–255, soft along the edges.

    Args:
        masks: float32 [objects, rows, columns], logits over the whole square.
        view: the square.
    """
    mask = np.zeros((view.picture_height, view.picture_width), np.uint8)
    for logits in masks:
        opacity = 1 / (1 + np.exp(-np.clip(enlarged(logits, view), -30, 30)))
        np.maximum(mask, without_haze(opacity.astype(np.float32)), out=mask)
    return mask
