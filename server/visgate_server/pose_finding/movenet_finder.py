"""Finds one person's joints with MoveNet, which looks closer where the person is small; draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.square_view import SquareView, letterbox, square_view
from visgate_server.networks import Network, open_network
from visgate_server.pose_finding.pose import FoundPoses, Image, Pose

MOVENET_FILE = "movenet.onnx"
INPUT_SIDE = 256

KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""COCO's keypoints in the network's order; left and right are the person's."""

PERSON_SCORE = 0.4
"""Mean score of the five surest keypoints from which there is a person: people had 0.5 and more, a close-up of a
head 0.5, and 180 pieces of photographs without people at most 0.38."""

SUREST = 5

CLOSER_LOOKS = (2.5, 1.5)
"""The network looks again at squares of these sizes relative to the person's keypoints. Measured on two photographs of
people pasted into larger ones at 12 places each: pasted at 3/10 of the larger one's side, the median joint was within
a tenth of the person's size in 83 % of the pictures at one look and in all with these; at 2/10, in 46 % and in 83 %; at
3/20, in 21 % and in 79 %."""

GUIDING_SCORE = 0.2
"""Keypoints from this score say where to look closer."""

FEWEST_GUIDES = 3


class MoveNetFinder:
    """Shows MoveNet the whole picture and then, where that helps, the part of it with the person."""

    keypoints = KEYPOINTS
    needed = PERSON_SCORE

    def __init__(self, folder: Path) -> None:
        """Opens the network of a model's version folder.

        Raises:
            NetworkError: it is missing or cannot be read.
        """
        self._network: Network = open_network(folder / MOVENET_FILE)

    def find(self, pictures: Sequence[Image]) -> list[FoundPoses]:
        """The most prominent person of each picture."""
        found = self._look([letterbox(picture, INPUT_SIDE) for picture in pictures])
        for extent in CLOSER_LOOKS:
            views = {row: view for row in range(len(found)) if (view := _closer(pictures[row], found[row], extent))}
            for row, closer in zip(views, self._look(list(views.values())), strict=True):
                found[row] = max(closer, found[row], key=lambda pose: pose.score)
        return [FoundPoses((pose,) if pose.score >= PERSON_SCORE else (), pose.score) for pose in found]

    def _look(self, views: Sequence[SquareView]) -> list[Pose]:
        if not views:
            return []
        keypoints = self._network.run({"image": np.stack([view.image for view in views])})["keypoints"]
        places = keypoints[:, :, 1::-1] * np.float32(INPUT_SIDE)
        return [
            Pose(view.to_picture(place), row[:, 2], _person_score(row[:, 2]))
            for view, place, row in zip(views, places, keypoints, strict=True)
        ]


def _person_score(scores: NDArray[np.float32]) -> float:
    return float(np.sort(scores)[-SUREST:].mean())


def _closer(picture: Image, found: Pose, extent: float) -> SquareView | None:
    """The square around the keypoints, `extent` times their size; None if it is no closer than the whole picture."""
    guides = found.places[found.scores >= GUIDING_SCORE]
    if len(guides) < FEWEST_GUIDES:
        return None
    height, width, _ = picture.shape
    low, high = guides.min(axis=0), guides.max(axis=0)
    side = max(extent * float((high - low).max()), 1.0)
    if side >= max(height, width):
        return None
    x, y = np.clip((low + high) / 2, 0, [width - 1, height - 1]).tolist()
    return square_view(picture, (x, y), side, INPUT_SIDE)
