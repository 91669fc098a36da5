"""Finds several people's joints with OpenPose's body network and its part affinity fields; draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.skeleton import OPENPOSE_JOINTS, OPENPOSE_LIMBS
from visgate_server.image_processing.corner_view import CornerView, corner_view
from visgate_server.networks import Network, open_network
from visgate_server.pose_finding.field_grouping import Group, Limb, group
from visgate_server.pose_finding.heat_peaks import peaks
from visgate_server.pose_finding.pose import FoundPoses, Image, Pose

OPENPOSE_FILE = "openpose.onnx"
INPUT_SIDE = 368
"""Rows and columns of the picture, pixels: what the network was trained on."""

FILLED_WITH = 128
"""Grey, which is 0 to the network: what fills a picture up to a square."""

LEAST_HEAT = 0.1
"""A joint's peak is higher than this, as in the authors' code."""

FIELD_PLANES = 38

# The authors' numbers for the limbs that are drawn, and two from shoulder to ear that only confirm.
_PLANES = (12, 20, 14, 16, 22, 24, 0, 2, 4, 6, 8, 10, 28, 30, 34, 32, 36)
_CONFIRMING = (("right_shoulder", "right_ear", 18), ("left_shoulder", "left_ear", 26))


def limbs() -> tuple[Limb, ...]:
    """The limbs in the order in which people are put together, with the planes of their fields."""
    number = OPENPOSE_JOINTS.index
    return (
        *(Limb(number(start), number(end), plane) for (start, end), plane in zip(OPENPOSE_LIMBS, _PLANES, strict=True)),
        *(Limb(number(start), number(end), plane, founds=False) for start, end, plane in _CONFIRMING),
    )


class OpenPoseFinder:
    """Every person of a picture; it marks the neck itself."""

    keypoints = OPENPOSE_JOINTS
    needed = LEAST_HEAT

    def __init__(self, folder: Path) -> None:
        """Opens the network of a model's version folder.

        Raises:
            NetworkError: it is missing or cannot be read.
        """
        self._network: Network = open_network(folder / OPENPOSE_FILE)

    def find(self, pictures: Sequence[Image]) -> list[FoundPoses]:
        """The people of each picture; every picture is seen once, its longer side `INPUT_SIDE` long."""
        views = [corner_view(picture, INPUT_SIDE, filled_with=FILLED_WITH) for picture in pictures]
        maps = self._network.run({"image": np.stack([view.image for view in views])})["maps"]
        return [people_of(own, view) for own, view in zip(maps, views, strict=True)]


def people_of(maps: NDArray[np.float32], view: CornerView) -> FoundPoses:
    """The people in the network's maps of one picture.

    Args:
        maps: float32 [planes, rows, columns] over the whole view: the fields, then the joints' heat, then what is
            no joint.
        view: what the network saw.
    """
    side = view.image.shape[0]
    planes = np.stack([cv2.resize(plane, (side, side), interpolation=cv2.INTER_CUBIC) for plane in maps])
    planes = planes[:, : view.height, : view.width]
    heat = planes[FIELD_PLANES : FIELD_PLANES + len(OPENPOSE_JOINTS)]
    joints = [peaks(plane, LEAST_HEAT) for plane in heat]
    people = [_pose(person, joints, view) for person in group(joints, planes[:FIELD_PLANES], limbs())]
    people.sort(key=lambda pose: -pose.score)
    best = max((float(own[0, 2]) for own in joints if len(own)), default=0.0)
    return FoundPoses(tuple(people), people[0].score if people else min(max(best, 0.0), 1.0))


def _pose(person: Group, joints: Sequence[NDArray[np.float32]], view: CornerView) -> Pose:
    places = np.zeros((len(joints), 2), np.float32)
    scores = np.full(len(joints), -1, np.float32)
    for joint, peak in person.peak_of.items():
        x, y, heat = joints[joint][peak].tolist()
        # Pixels have their middle at a half.
        places[joint] = (
            (x + 0.5) * view.picture_width / view.width,
            (y + 0.5) * view.picture_height / view.height,
        )
        scores[joint] = min(max(heat, 0.0), 1.0)
    return Pose(places, scores, float(scores[scores >= 0].mean()))
