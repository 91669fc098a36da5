"""Draws the maps that OpenPose's network makes of people whose joints are known; finds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.skeleton import OPENPOSE_JOINTS
from visgate_server.pose_finding.openpose_finder import FIELD_PLANES, INPUT_SIDE, limbs

Joints = Mapping[str, tuple[float, float]]
"""x and y in pixels of the network's picture, by name."""

STRIDE = 8
_HEAT_WIDTH = 7.0
_LIMB_WIDTH = 8.0

_FACING = {
    "nose": (0, -62),
    "neck": (0, -40),
    "right_shoulder": (-22, -40),
    "right_elbow": (-30, 0),
    "right_wrist": (-34, 38),
    "left_shoulder": (22, -40),
    "left_elbow": (30, 0),
    "left_wrist": (34, 38),
    "right_hip": (-14, 40),
    "right_knee": (-15, 85),
    "right_ankle": (-16, 130),
    "left_hip": (14, 40),
    "left_knee": (15, 85),
    "left_ankle": (16, 130),
    "right_eye": (-7, -72),
    "left_eye": (7, -72),
    "right_ear": (-16, -66),
    "left_ear": (16, -66),
}


def person(x: float, y: float, *, facing: bool = True, **moved: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """Someone who stands there, seen from the front or from behind; joints that are moved are given where they are."""
    side = 1 if facing else -1
    return {name: (x + side * dx, y + dy) for name, (dx, dy) in _FACING.items()} | moved


def without(joints: Joints, *names: str) -> dict[str, tuple[float, float]]:
    return {name: place for name, place in joints.items() if name not in names}


def maps_of(people: Sequence[Joints]) -> NDArray[np.float32]:
    """Fields, heat, and a plane for what is no joint, float32 [57, 46, 46]."""
    cells = INPUT_SIDE // STRIDE
    along = (np.arange(cells) + 0.5) * STRIDE - 0.5
    x, y = np.meshgrid(along, along)
    maps = np.zeros((FIELD_PLANES + len(OPENPOSE_JOINTS) + 1, cells, cells), np.float32)
    for joints in people:
        for number, name in enumerate(OPENPOSE_JOINTS):
            if name in joints:
                distance = np.hypot(x - joints[name][0], y - joints[name][1])
                plane = maps[FIELD_PLANES + number]
                np.maximum(plane, np.exp(-((distance / _HEAT_WIDTH) ** 2) / 2), out=plane)
    for limb in limbs():
        start, end = OPENPOSE_JOINTS[limb.start], OPENPOSE_JOINTS[limb.end]
        count = np.zeros((cells, cells))
        for joints in people:
            if start in joints and end in joints:
                covered, direction = _limb(np.stack([x, y]), joints[start], joints[end])
                maps[limb.plane : limb.plane + 2] += covered * direction[:, None, None]
                count += covered
        maps[limb.plane : limb.plane + 2] /= np.maximum(count, 1)
    maps[-1] = 1 - maps[FIELD_PLANES:-1].max(axis=0)
    return maps


def _limb(
    places: NDArray[np.float64], start: tuple[float, float], end: tuple[float, float]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The cells that a limb covers, and where it points."""
    way = np.subtract(end, start)
    length = float(np.hypot(*way))
    direction = way / length
    offset = places - np.array(start)[:, None, None]
    ahead = (offset * direction[:, None, None]).sum(axis=0)
    aside = np.abs(offset[0] * direction[1] - offset[1] * direction[0])
    return (ahead > -_LIMB_WIDTH / 2) & (ahead < length + _LIMB_WIDTH / 2) & (aside < _LIMB_WIDTH), direction
