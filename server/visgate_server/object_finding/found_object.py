"""What was found of an object in a picture: its mask, its boxes, how sure that is, and which way found it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the given picture, the right and lower side not included."""


class Way(Enum):
    """How an object was looked for, in the words of the answer."""

    BY_WORDS = "clipseg"
    BY_WORDS_IN_SCENE = "clipseg+segmentation"
    GROUNDED = "grounding_dino+sam"
    DETECTED_AND_CUT = "detect_objects+grabcut"
    DETECTED_PERSON = "detect_objects+person_mask"


@dataclass(frozen=True, eq=False)
class FoundObject:
    """An object, or that it is not there.

    Attributes:
        mask: UINT8 [height, width], 0–255, of the given picture's size; all 0 where nothing was found.
        boxes: one each where several were found, the surest first.
        score: how sure the network is, 0–1; of something that was not found, how close it came.
        way: how it was looked for.
        others: what is there instead or beside it, as far as is known.
        known: whether the network knows the thing by name at all.
    """

    mask: NDArray[np.uint8]
    boxes: tuple[Box, ...]
    score: float
    way: Way
    others: tuple[str, ...] = ()
    known: bool = True

    @property
    def found(self) -> bool:
        """Whether it is there."""
        return bool(self.boxes)

    @property
    def share(self) -> float:
        """Of the picture that it covers, 0–1."""
        return float(np.count_nonzero(self.mask > 127)) / self.mask.size

    def data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "found": self.found,
            "score": round(self.score, 4),
            "boxes": [list(box) for box in self.boxes],
            "share": round(self.share, 4),
            "way": self.way.value,
            "others": list(self.others),
        }


def boxes_of_parts(mask: NDArray[np.uint8], least_share: float) -> tuple[Box, ...]:
    """A box around each connected part of a mask, the largest part first.

    Args:
        mask: UINT8 [height, width]; what is above 127 belongs to it.
        least_share: parts smaller than this share of the largest are left out, 0–1.
    """
    import cv2

    _, _, statistics, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8), connectivity=8)
    parts = sorted(statistics[1:].tolist(), key=lambda part: -part[cv2.CC_STAT_AREA])
    kept = [part for part in parts if part[cv2.CC_STAT_AREA] >= least_share * parts[0][cv2.CC_STAT_AREA]]
    return tuple((x, y, x + width, y + height) for x, y, width, height, _ in kept)
