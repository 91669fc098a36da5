"""Makes pictures of a mask: the cut-out without its background, the picture tinted; knows nothing about the mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

TINT = (40, 120, 255)
TINT_STRENGTH = 0.5

Image = NDArray[np.uint8]


def cut_out(image: Image, mask: Image) -> Image:
    """What a mask keeps, UINT8 [height, width, 4] RGBA.

    Args:
        image: UINT8 [height, width, 3].
        mask: UINT8 [height, width], 0 where nothing is kept.
    """
    # White under full transparency: whoever drops the alpha channel sees no trace of what was removed.
    removed = np.where(mask == 0, np.uint8(255), np.uint8(0))
    return np.dstack([image | removed[..., None], mask])


def tinted(image: Image, mask: Image) -> Image:
    """A copy of the picture with what the mask covers tinted blue, UINT8 [height, width, 3]."""
    weight = mask * np.float32(TINT_STRENGTH / 255.0)
    colour = np.broadcast_to(np.array(TINT, np.uint8), image.shape)
    return np.asarray(cv2.blendLinear(image, np.ascontiguousarray(colour), np.float32(1.0) - weight, weight), np.uint8)
