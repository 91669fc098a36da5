"""Cuts the thing in a box out of its surroundings with GrabCut; knows nothing about what the thing is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.guided_filter import fit_to_edges
from visgate_server.image_processing.mask_cleaning import clean_mask, without_haze
from visgate_server.image_processing.resizing import resized

WORKING_SIDE = 192
"""Pixels of the longer side of what GrabCut works on: its time grows with the pixels, its outline hardly changes."""

SURROUNDINGS = 0.25
"""How much around the box GrabCut learns the background from, as a share of the box's sides."""

CORE = 0.95
"""A rounded shape of this share of the box's sides is taken for the thing to begin with."""

ROUNDNESS = 2.5
"""The shape's exponent: 2 is an ellipse, more is squarer."""

BEYOND = 0.3
"""How far a thing goes on beyond a side of the picture that its box touches, as a share of the box's side."""

LEAST_SHARE = 0.15
"""An outline that fills less of the box is no outline of the thing: that shape is kept in its place."""

_ROUNDS = 4
_NARROWEST = 8

Box = tuple[int, int, int, int]


def cut_out_of_box(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The mask of the thing in a box, UINT8 [height, width], 0–255, with soft sides.

    GrabCut (Rother, Kolmogorov and Blake 2004) tells the thing's colours from those around the box; what it starts
    from is a rounded shape in the box.

    Args:
        image: UINT8 [height, width, 3], of any size.
        box: x1, y1, x2, y2 in pixels of the picture, the right and lower side not included, not empty.
    """
    height, width, _ = image.shape
    left, top, right, bottom = _with_surroundings(box, width, height)
    part = np.ascontiguousarray(image[top:bottom, left:right])
    scale = min(1.0, WORKING_SIDE / max(part.shape[:2]))
    columns, rows = (max(_NARROWEST, round(side * scale)) for side in (part.shape[1], part.shape[0]))
    # `resized` takes means only where both sides shrink; a sliver keeps its pixels.
    small = resized(part, columns, rows)
    factors = (columns / part.shape[1], rows / part.shape[0])
    own = _scaled((box[0] - left, box[1] - top, box[2] - left, box[3] - top), factors, columns, rows)
    core = clean_mask(_outline(small, own).astype(np.float32), 0.5)
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = without_haze(fit_to_edges(core, part))
    return mask


def _outline(picture: NDArray[np.uint8], box: Box) -> NDArray[np.bool_]:
    labels = np.full(picture.shape[:2], cv2.GC_BGD, np.uint8)
    left, top, right, bottom = box
    labels[top:bottom, left:right] = cv2.GC_PR_BGD
    rows, columns = labels.shape
    # A thing that is cut off by the picture's side is no rounder there.
    reach = (
        left - BEYOND * (right - left) * (left <= 1),
        top - BEYOND * (bottom - top) * (top <= 1),
        right + BEYOND * (right - left) * (right >= columns - 1),
        bottom + BEYOND * (bottom - top) * (bottom >= rows - 1),
    )
    whole, likely = (_rounded(labels.shape, reach, share) for share in (1.05, CORE))
    # Where the box reaches the picture's sides there is no background around it: its corners have to do.
    if np.count_nonzero(labels == cv2.GC_BGD) < 0.05 * labels.size:
        labels[~whole] = cv2.GC_BGD
    likely &= labels != cv2.GC_BGD
    labels[likely] = cv2.GC_PR_FGD
    if (labels != cv2.GC_BGD).all() or not likely.any():
        return likely
    cv2.setRNGSeed(0)  # its clustering begins by chance
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, labels, (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    kept = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    box_area = (right - left) * (bottom - top)
    return kept if np.count_nonzero(kept) >= LEAST_SHARE * box_area else likely


def _rounded(shape: tuple[int, ...], box: tuple[float, ...], share: float) -> NDArray[np.bool_]:
    """A superellipse of a share of the box's sides around its middle."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    across, down = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    half_width, half_height = (max(0.5, share * (box[end] - box[end - 2]) / 2) for end in (2, 3))
    far = np.abs((columns - across) / half_width) ** ROUNDNESS + np.abs((rows - down) / half_height) ** ROUNDNESS
    inside: NDArray[np.bool_] = far <= 1.0
    return inside


def _with_surroundings(box: Box, width: int, height: int) -> Box:
    margin_x = max(2, round(SURROUNDINGS * (box[2] - box[0])))
    margin_y = max(2, round(SURROUNDINGS * (box[3] - box[1])))
    return (
        max(0, box[0] - margin_x),
        max(0, box[1] - margin_y),
        min(width, box[2] + margin_x),
        min(height, box[3] + margin_y),
    )


def _scaled(box: Box, factors: tuple[float, float], columns: int, rows: int) -> Box:
    left, top = (min(int(box[side] * factors[side]), (columns, rows)[side] - 1) for side in (0, 1))
    right = min(columns, max(left + 1, round(box[2] * factors[0])))
    bottom = min(rows, max(top + 1, round(box[3] * factors[1])))
    return left, top, right, bottom
