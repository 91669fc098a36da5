"""Draws a person's keypoints as OpenPose draws them; knows nothing about how they were found.

Joints, their order, limbs and colours are those of OpenPose's 18-joint model (Cao et al. 2019, "OpenPose: realtime
multi-person 2D pose estimation using part affinity fields") as ControlNet's annotator draws it, so that the picture
can steer a ControlNet that was trained on such pictures.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.strokes import Colour

Place = tuple[float, float]

OPENPOSE_JOINTS = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)

OPENPOSE_LIMBS = (
    ("neck", "right_shoulder"),
    ("neck", "left_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("neck", "right_hip"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
    ("neck", "left_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("neck", "nose"),
    ("nose", "right_eye"),
    ("right_eye", "right_ear"),
    ("nose", "left_eye"),
    ("left_eye", "left_ear"),
)

OPENPOSE_COLOURS: tuple[Colour, ...] = (
    (255, 0, 0),
    (255, 85, 0),
    (255, 170, 0),
    (255, 255, 0),
    (170, 255, 0),
    (85, 255, 0),
    (0, 255, 0),
    (0, 255, 85),
    (0, 255, 170),
    (0, 255, 255),
    (0, 170, 255),
    (0, 85, 255),
    (0, 0, 255),
    (85, 0, 255),
    (170, 0, 255),
    (255, 0, 255),
    (255, 0, 170),
    (255, 0, 85),
)
"""Of the joint, and of the limb, with that number; RGB."""

LIMB_BRIGHTNESS = 0.6
"""Limbs are drawn darker than joints, so that joints show on them."""

HALF_WIDTH = 4.0
"""Half a limb's width and a joint's radius, in pixels of a picture whose shorter side has `REFERENCE_SIDE`."""

REFERENCE_SIDE = 512.0

_SHIFT = 4
"""OpenCV draws at fractions of a pixel given as integers: these many binary places."""


def with_neck(joints: Mapping[str, Place]) -> dict[str, Place]:
    """The joints and, if both shoulders are among them, the neck, which COCO does not mark: the shoulders' middle."""
    all_joints = dict(joints)
    if "right_shoulder" in joints and "left_shoulder" in joints:
        right, left = joints["right_shoulder"], joints["left_shoulder"]
        all_joints["neck"] = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return all_joints


def draw_skeleton(canvas: NDArray[np.uint8], joints: Mapping[str, Place]) -> None:
    """Draws onto `canvas`, UINT8 [height, width, 3], RGB; joints that are not given are left out, and their limbs.

    Args:
        canvas: drawn on in place.
        joints: x and y in pixels, by name (`OPENPOSE_JOINTS`); those outside the canvas are cut off.
    """
    size = max(1.0, HALF_WIDTH * min(canvas.shape[:2]) / REFERENCE_SIDE)
    for (start, end), colour in zip(OPENPOSE_LIMBS, OPENPOSE_COLOURS, strict=False):
        if start in joints and end in joints:
            red, green, blue = (int(channel * LIMB_BRIGHTNESS) for channel in colour)
            cv2.fillConvexPoly(canvas, _limb(joints[start], joints[end], size), (red, green, blue), cv2.LINE_AA, _SHIFT)
    for name, colour in zip(OPENPOSE_JOINTS, OPENPOSE_COLOURS, strict=True):
        if name in joints:
            centre = [round(value * (1 << _SHIFT)) for value in joints[name]]
            cv2.circle(canvas, centre, round(size * (1 << _SHIFT)), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _limb(start: Place, end: Place, half_width: float) -> NDArray[np.int32]:
    """An ellipse from joint to joint, as OpenPose draws limbs; corners in fractions of a pixel."""
    ends = np.array([start, end], np.float64)
    middle, along = ends.mean(axis=0), (ends[1] - ends[0]) / 2
    length = float(np.hypot(*along))
    across = np.array([-along[1], along[0]]) / max(length, 1e-6) * half_width
    angles = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    outline = middle + np.cos(angles)[:, None] * along + np.sin(angles)[:, None] * across
    corners: NDArray[np.int32] = np.rint(outline * (1 << _SHIFT)).astype(np.int32)
    return corners
