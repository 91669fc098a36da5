"""Decides in which order and in which squares an empty frame is painted; paints nothing."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError
from visgate_server.inpainting_patch import Window

MOST_TILES = 48
"""Squares of one request: each is a drawing of its own."""


def frame_tiles(empty: NDArray[np.bool_], side: int) -> tuple[Window, ...]:
    """Squares that cover everything empty, each with as much as possible to go by when its turn comes.

    Args:
        empty: what is to be painted, bool [height, width]; something of it is not.
        side: of a square, in pixels; no longer than the canvas's sides.

    Returns:
        The squares in the order in which they are painted. Each overlaps its neighbours by half or more.

    Raises:
        InvalidArgumentError: it would take more than `MOST_TILES`.
    """
    left_over = empty.copy()
    waiting = [
        Window(left, top, side) for top in _starts(empty.shape[0], side) for left in _starts(empty.shape[1], side)
    ]
    chosen: list[Window] = []
    while left_over.any():
        share = [_empty_share(left_over, tile) for tile in waiting]
        index = min((index for index, left in enumerate(share) if left > 0), key=lambda index: share[index])
        tile = waiting.pop(index)
        left_over[tile.rows(empty), tile.columns(empty)] = False
        chosen.append(tile)
        if len(chosen) > MOST_TILES:
            raise InvalidArgumentError(
                f"so much more than there is would take over {MOST_TILES} drawings, each {side} × {side} pixels as the "
                "picture's shorter side is: extend it by less, or in several steps"
            )
    return tuple(chosen)


def filled_from_nearest(picture: NDArray[np.uint8], empty: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with each empty pixel in the colour of the nearest that is not: what soft seams fade into.

    Args:
        picture: UINT8 [height, width, 3].
        empty: bool [height, width]; something is not empty.
    """
    _, labels = cv2.distanceTransformWithLabels(empty.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = ~empty
    colours = np.zeros((int(labels.max()) + 1, picture.shape[2]), np.uint8)
    colours[labels[known]] = picture[known]
    return np.asarray(colours[labels], np.uint8)


def _starts(length: int, side: int) -> Sequence[int]:
    """Where squares begin along an axis, from its start to its end, half a side apart at most."""
    steps = -(-2 * (length - side) // side)
    return [round(index * (length - side) / steps) for index in range(steps + 1)] if steps else [0]


def _empty_share(empty: NDArray[np.bool_], tile: Window) -> float:
    return float(empty[tile.rows(empty), tile.columns(empty)].mean())
