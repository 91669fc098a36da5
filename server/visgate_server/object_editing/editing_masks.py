"""Makes the mask that is drawn anew out of the mask of an object; knows nothing about how objects are found."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

MARGIN = 0.05
"""How much wider than the object the mask is, as a share of the picture's shorter side: its soft rim and its shadow
have to go too, and a mask that was found is a pixel or two off."""


def removing_mask(found: Mask) -> Mask:
    """Everything on and close to an object, bool [height, width].

    Args:
        found: the object, bool [height, width].
    """
    margin = _margin(found)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return np.asarray(cv2.dilate(found.astype(np.uint8), kernel) > 0)


def replacing_mask(found: Mask) -> Mask:
    """A square around an object, bool [height, width]: what comes in its place seldom has its outline.

    Args:
        found: the object, bool [height, width].
    """
    left, top, width, height = cv2.boundingRect(found.astype(np.uint8))
    side = max(width, height) + 2 * _margin(found)
    rows, columns = _span(top + height / 2, side), _span(left + width / 2, side)
    mask = np.zeros(found.shape, np.bool_)
    mask[rows, columns] = True
    return mask


def _span(centre: float, side: int) -> slice:
    start = round(centre - side / 2)
    return slice(max(0, start), start + side)


def _margin(found: Mask) -> int:
    return max(1, round(MARGIN * min(found.shape)))
