"""The skeleton is OpenPose's: its joints, limbs and colours, and nothing where a joint is missing."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.drawing.skeleton import (
    LIMB_BRIGHTNESS,
    OPENPOSE_COLOURS,
    OPENPOSE_JOINTS,
    draw_skeleton,
    with_neck,
)


def canvas() -> np.ndarray:
    return np.zeros((512, 512, 3), np.uint8)


def test_the_neck_is_the_middle_of_the_shoulders() -> None:
    assert with_neck({"left_shoulder": (300, 200), "right_shoulder": (200, 220)})["neck"] == (250, 210)
    assert "neck" not in with_neck({"left_shoulder": (300, 200)})


def test_each_joint_has_openposes_colour_and_size() -> None:
    for name, colour in zip(OPENPOSE_JOINTS, OPENPOSE_COLOURS, strict=True):
        picture = canvas()
        draw_skeleton(picture, {name: (100.0, 120.0)})
        assert tuple(picture[120, 100]) == colour
        area = np.count_nonzero((picture == colour).all(axis=2))
        assert area == pytest.approx(np.pi * 4**2, rel=0.35)


def test_the_nose_is_red_and_the_limb_from_the_neck_to_it_dark_blue() -> None:
    picture = canvas()
    draw_skeleton(picture, {"nose": (256.0, 100.0), "neck": (256.0, 300.0)})
    assert tuple(picture[100, 256]) == (255, 0, 0)
    assert tuple(picture[300, 256]) == (255, 85, 0)
    assert tuple(picture[200, 256]) == (0, 0, int(255 * LIMB_BRIGHTNESS))
    width = np.count_nonzero(picture[200, :, 2] > 76)
    assert width == pytest.approx(9, abs=1)


def test_a_limb_needs_both_its_joints() -> None:
    picture = canvas()
    draw_skeleton(picture, {"right_shoulder": (100.0, 100.0), "right_wrist": (100.0, 300.0)})
    assert not picture[150:250].any()


def test_joints_outside_and_tiny_canvases_do_no_harm() -> None:
    picture = canvas()
    draw_skeleton(picture, {"nose": (-50.0, 700.0), "neck": (1e4, -1e4), "left_eye": (100.0, 100.0)})
    assert tuple(picture[100, 100]) == (255, 0, 255)
    draw_skeleton(np.zeros((1, 1, 3), np.uint8), dict.fromkeys(OPENPOSE_JOINTS, (0.5, 0.5)))
