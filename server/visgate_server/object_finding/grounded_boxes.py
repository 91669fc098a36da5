"""Turns GroundingDINO's outputs into boxes in pixels, each with its words; runs no network.

The rules are those of `GroundingDinoProcessor.post_process_grounded_object_detection` of transformers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LAST_PLACE = 255
"""The network's last token, which, like its first, belongs to no phrase."""


@dataclass(frozen=True, eq=False)
class GroundedBoxes:
    """The boxes of a picture that hold what is looked for, in the network's order.

    Attributes:
        corners: float32 [count, 4], x1, y1, x2, y2 in pixels of the picture; they may reach over its edge.
        scores: float32 [count], 0–1.
        tokens: for each box the ids of the words that belong to it.
    """

    corners: NDArray[np.float32]
    scores: NDArray[np.float32]
    tokens: tuple[tuple[int, ...], ...]


def grounded_boxes(
    scores: NDArray[np.float32],
    boxes: NDArray[np.float32],
    ids: NDArray[np.int64],
    size: tuple[int, int],
    thresholds: tuple[float, float],
) -> GroundedBoxes:
    """The boxes of one picture whose best word is sure enough.

    Args:
        scores: float32 [boxes, tokens], how sure each word is of each box, 0–1; 0 where the text is filled up.
        boxes: float32 [boxes, 4], middle across, middle down, width and height as shares of the picture's sides.
        ids: int64 [tokens], the text.
        size: width and height of the picture, pixels.
        thresholds: scores from which a box counts, and from which a word belongs to it, 0–1.
    """
    of_box, of_word = thresholds
    best = scores.max(axis=1, initial=0.0)
    kept = best > of_box
    middle, half = boxes[kept, :2], boxes[kept, 2:] / 2
    corners = np.concatenate([middle - half, middle + half], axis=1) * np.array([*size, *size], np.float32)
    words = scores[kept] > of_word
    words[:, 0] = False
    words[:, _LAST_PLACE:] = False
    tokens = tuple(tuple(ids[row].tolist()) for row in words)
    return GroundedBoxes(corners.astype(np.float32), best[kept], tokens)
