"""Decodes BlazeFace's raw outputs into faces; knows nothing about pictures or what runs the network.

Anchors and encoding are those of MediaPipe's `face_detection_back` graph (Bazarevsky et al. 2019, "BlazeFace:
sub-millisecond neural face detection on mobile GPUs").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.non_maximum_suppression import clusters

INPUT_SIDE = 256

KEYPOINTS = ("right_eye", "left_eye", "nose_tip", "mouth", "right_ear", "left_ear")
"""In the network's order; left and right are the person's."""

SAME_FACE = 0.3
"""Intersection over union above which two boxes are one face (MediaPipe's value)."""

_ANCHOR_GRIDS = ((16, 2), (8, 6))
"""Cells a side, and anchors a cell: strides 16 and 3 × 32 with two aspect ratios each, all of one fixed size."""

_LOGIT_LIMIT = 80.0
"""e to this still fits a float32; MediaPipe clips at 100."""


@dataclass(frozen=True)
class Faces:
    """Faces, strongest first; coordinates are x and y in pixels of whatever they were found in.

    Attributes:
        boxes: float32 [count, 4], x1, y1, x2, y2.
        keypoints: float32 [count, 6, 2], in the order of `KEYPOINTS`.
        scores: float32 [count], 0–1.
    """

    boxes: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def centres(self) -> NDArray[np.float32]:
        """float32 [count, 2]."""
        centres: NDArray[np.float32] = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        return centres

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Faces:
        """The faces where `chosen` is true, or those numbers, in their order."""
        return Faces(self.boxes[chosen], self.keypoints[chosen], self.scores[chosen])


def decode_faces(scores: NDArray[np.float32], boxes: NDArray[np.float32], threshold: float) -> Faces:
    """Every box whose score reaches the threshold, many for each face, in pixels of the network's input.

    Args:
        scores: float32 [896], logits.
        boxes: float32 [896, 16]: centre, width and height, then the keypoints; pixels relative to the anchor's centre.
        threshold: 0–1.
    """
    probabilities = 1.0 / (1.0 + np.exp(-np.clip(scores, -_LOGIT_LIMIT, _LOGIT_LIMIT)))
    chosen = probabilities >= threshold
    anchors, raw = anchor_centres()[chosen], boxes[chosen]
    centres, halves = raw[:, :2] + anchors, raw[:, 2:4] / 2
    keypoints = raw[:, 4:].reshape(-1, len(KEYPOINTS), 2) + anchors[:, None]
    corners = np.concatenate([centres - halves, centres + halves], axis=1)
    return Faces(corners, keypoints, probabilities[chosen].astype(np.float32))


def merge_faces(faces: Faces) -> Faces:
    """One face for each group of overlapping ones: their mean weighted by score, with the group's best score.

    BlazeFace's paper blends boxes so instead of keeping one, because it makes them steadier.
    """
    groups = clusters(faces.boxes, faces.scores, SAME_FACE)
    return join_faces([blended(faces.select(group), float(faces.scores[group[0]])) for group in groups])


def blended(faces: Faces, score: float) -> Faces:
    """Several views of one face, at least one, as a single face: their mean weighted by score, with a score given."""
    weights = faces.scores / faces.scores.sum()
    return Faces(
        (weights @ faces.boxes)[None],
        np.tensordot(weights, faces.keypoints, 1)[None],
        np.array([score], np.float32),
    )


def join_faces(parts: Sequence[Faces]) -> Faces:
    """The faces of all parts, strongest first."""
    everything = Faces(
        np.concatenate([np.zeros((0, 4), np.float32), *(part.boxes for part in parts)]),
        np.concatenate([np.zeros((0, len(KEYPOINTS), 2), np.float32), *(part.keypoints for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.scores for part in parts)]),
    )
    return everything.select(np.argsort(-everything.scores, kind="stable"))


@cache
def anchor_centres() -> NDArray[np.float32]:
    """float32 [896, 2], x and y in pixels of the network's input."""
    centres = []
    for cells, count in _ANCHOR_GRIDS:
        middles = (np.arange(cells) + 0.5) * INPUT_SIDE / cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], axis=2).reshape(-1, 2), count, axis=0))
    return np.concatenate(centres, dtype=np.float32)
