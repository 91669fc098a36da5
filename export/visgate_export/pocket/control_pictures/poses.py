"""Control pictures of the figures' poses: skeletons as `detect_pose` draws them, where figures stand in a scene."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene
from visgate_export.pocket.sprites import SPRITE_SIDE
from visgate_server.diffusion.control_pictures import fit_control_picture
from visgate_server.drawing.skeleton import Place, draw_skeleton, with_neck

_SHOWN_SIDE = 256
"""Pixels of a drawing as tools are given it: four times enlarged."""

FIGURES: Mapping[str, Mapping[str, Place]] = MappingProxyType(
    {
        "person": {
            "nose": (32.0, 16.5),
            "right_eye": (28.3, 14.0),
            "left_eye": (35.6, 14.0),
            "right_ear": (24.0, 15.0),
            "left_ear": (40.0, 15.0),
            "right_shoulder": (24.5, 25.0),
            "left_shoulder": (39.5, 25.0),
            "right_elbow": (22.3, 33.0),
            "left_elbow": (41.7, 33.0),
            "right_wrist": (20.8, 40.5),
            "left_wrist": (43.2, 40.5),
            "right_hip": (28.0, 39.5),
            "left_hip": (36.0, 39.5),
            "right_knee": (27.5, 49.5),
            "left_knee": (36.5, 49.5),
            "right_ankle": (27.0, 59.0),
            "left_ankle": (37.0, 59.0),
        },
        "dancer": {
            "nose": (27.0, 13.0),
            "right_eye": (24.3, 11.3),
            "left_eye": (29.5, 11.0),
            "right_ear": (21.5, 12.5),
            "left_ear": (32.0, 11.5),
            "right_shoulder": (21.0, 20.5),
            "left_shoulder": (34.0, 18.5),
            "right_elbow": (15.5, 27.0),
            "left_elbow": (42.0, 14.5),
            "right_wrist": (23.0, 33.0),
            "left_wrist": (37.3, 6.0),
            "right_hip": (27.0, 36.0),
            "left_hip": (33.5, 36.0),
            "right_knee": (29.0, 49.0),
            "left_knee": (42.0, 44.5),
            "right_ankle": (28.0, 59.5),
            "left_ankle": (49.5, 58.0),
        },
    }
)
"""COCO's keypoints of the objects that have limbs, read off their sprites; pixels of the sprite. Faces look at us."""


def pose(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The skeletons of the figures in the scene, in OpenPose's colours on black; all black where there is no figure."""
    canvas = np.zeros((_SHOWN_SIDE, _SHOWN_SIDE, 3), np.uint8)
    for placed in scene.objects:
        if placed.name in FIGURES:
            scale = placed.side / SPRITE_SIDE
            joints = {
                name: (
                    (placed.left + across * scale) * _SHOWN_SIDE / SIDE,
                    (placed.top + down * scale) * _SHOWN_SIDE / SIDE,
                )
                for name, (across, down) in FIGURES[placed.name].items()
            }
            draw_skeleton(canvas, with_neck(joints))
    return fit_control_picture("pose", canvas, SIDE, SIDE)
