"""Chooses SAM's masks when it is asked about a whole picture, point by point; runs no network.

The steps and numbers are those of Segment Anything's `SamAutomaticMaskGenerator` as transformers' mask generation has
them (`SamImageProcessor.generate_crop_boxes`, `filter_masks`, `post_process_for_mask_generation`), for the picture as
a whole and none of its crops. Here they look at the masks as the network gives them, a sixteenth of the square's
pixels: a thousand points have three masks each, and at the size of a picture they would fill the memory. That leaves
out a few that are small: of 300 made-up masks 93 were kept, all of them among the 99 that are kept at 640 × 480.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.corner_view import CornerView
from visgate_server.image_processing.non_maximum_suppression import suppress

POINTS_A_SIDE = 32
"""Points in a row and in a column; all lie within the picture, none in what fills up its square."""

LEAST_QUALITY = 0.88
"""Overlap with the thing's true mask that SAM has to expect of its own, 0–1; what is kept has more."""

LEAST_STEADINESS = 0.95
"""Overlap that a mask has to have with itself when the threshold moves, 0–1; what is kept has more."""

THRESHOLD_MOVES = 1.0
"""How far the threshold, 0, moves up and down, in logits."""

SAME_PART = 0.7
"""Overlap of two masks' boxes above which they mark one part."""

Planes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Masks that may be parts, a row each.

    Attributes:
        points: int64 [masks], the numbers of the points that they were made for.
        answers: int64 [masks], which of a point's masks they are.
        qualities: float32 [masks], the overlap with the truth that SAM expects.
        boxes: float32 [masks, 4], x1, y1, x2, y2 of the outermost cells, these included.
        areas: int64 [masks], in cells.
    """

    points: NDArray[np.int64]
    answers: NDArray[np.int64]
    qualities: NDArray[np.float32]
    boxes: NDArray[np.float32]
    areas: NDArray[np.int64]

    def chosen(self, rows: NDArray[np.intp]) -> Candidates:
        """Some of them, in the order of their rows."""
        return Candidates(*(getattr(self, field.name)[rows] for field in fields(self)))

    def parts(self) -> Candidates:
        """One mask a part, the surest, the largest part first."""
        kept = self.chosen(suppress(self.boxes, self.qualities, SAME_PART))
        return kept.chosen(np.argsort(-kept.areas, kind="stable"))


def grid_points(view: CornerView) -> NDArray[np.float32]:
    """The points that SAM is asked about, x and y in pixels of the square, float32 [points, 2], row by row."""
    along = (np.arange(POINTS_A_SIDE) + 0.5) / POINTS_A_SIDE
    rows, columns = np.meshgrid(along * view.height, along * view.width, indexing="ij")
    return np.asarray(np.stack([columns, rows], axis=-1).reshape(-1, 2), np.float32)


def filled_cells(masks: Planes, view: CornerView) -> Planes:
    """Masks [..., rows, columns] over the whole square, without the cells where it shows nothing of the picture."""
    cell = view.image.shape[0] / masks.shape[-1]
    return np.asarray(masks[..., : max(1, round(view.height / cell)), : max(1, round(view.width / cell))])


def candidates(masks: Planes, qualities: NDArray[np.float32], first_point: int) -> Candidates:
    """Which masks SAM is sure of, and which stay nearly the same when the threshold moves.

    Args:
        masks: float32 [points, answers, rows, columns], logits.
        qualities: float32 [points, answers].
        first_point: the number of the first point.
    """
    points, answers = np.nonzero(qualities > LEAST_QUALITY)
    steady = _steadiness(masks[points, answers]) > np.float32(LEAST_STEADINESS)
    points, answers = points[steady], answers[steady]
    covered = masks[points, answers] > 0
    return Candidates(
        points + first_point, answers, qualities[points, answers], boxes_of(covered), covered.sum(axis=(1, 2))
    )


def joined(batches: list[Candidates]) -> Candidates:
    """The candidates of all points."""
    return Candidates(
        *(np.concatenate([getattr(each, field.name) for each in batches]) for field in fields(Candidates))
    )


def boxes_of(covered: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The outermost cells of masks, bool [masks, rows, columns], as x1, y1, x2, y2; 0 where one covers nothing."""
    sides = []
    for along in (covered.any(axis=1), covered.any(axis=2)):
        first, last = along.argmax(axis=1), along.shape[1] - 1 - along[:, ::-1].argmax(axis=1)
        sides.append((first, last))
    (left, right), (top, bottom) = sides
    boxes = np.stack([left, top, right, bottom], axis=1)
    return np.where(covered.any(axis=(1, 2))[:, None], boxes, 0).astype(np.float32)


def _steadiness(masks: Planes) -> NDArray[np.float32]:
    """How much of the largest mask the smallest is, float32 [masks]; 0 where there is not even the largest."""
    smallest = (masks > THRESHOLD_MOVES).sum(axis=(1, 2))
    largest = (masks > -THRESHOLD_MOVES).sum(axis=(1, 2))
    return np.asarray(smallest / np.maximum(largest, 1), np.float32)
