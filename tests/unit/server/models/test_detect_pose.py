"""detect_pose finds one person's joints, near and far, and draws them as OpenPose does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest
from served_models import ask, open_model, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.drawing.skeleton import LIMB_BRIGHTNESS

FACE = (170, 60, 280, 200)


def joints(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {point["name"]: np.array([point["x"], point["y"]]) for point in data["keypoints"]}


def test_the_astronauts_eyes_are_in_her_face_and_her_shoulders_below() -> None:
    reply = ask("detect_pose", photo("astronaut"))
    found = joints(reply.data)
    for name in ("nose", "left_eye", "right_eye"):
        assert FACE[0] <= found[name][0] <= FACE[2]
        assert FACE[1] <= found[name][1] <= FACE[3]
    assert found["right_eye"][0] < found["nose"][0] < found["left_eye"][0], "she faces the camera"
    for name in ("left_shoulder", "right_shoulder"):
        assert 220 < found[name][1] < 330
    assert found["left_shoulder"][0] - found["right_shoulder"][0] > 150
    assert {"left_ankle", "right_ankle", "left_knee"}.isdisjoint(found), "her legs are not in the picture"
    assert reply.data["person_found"]
    assert "one person" in reply.text
    assert "left ankle" in reply.text


def test_the_skeleton_is_on_black_in_openposes_colours() -> None:
    reply = ask("detect_pose", photo("astronaut"))
    found, drawing = joints(reply.data), reply.pictures["PICTURE"]
    x, y = np.rint(found["nose"]).astype(int)
    assert tuple(drawing[y, x]) == (255, 0, 0)
    neck = (found["left_shoulder"] + found["right_shoulder"]) / 2
    x, y = np.rint((neck * 3 + found["right_shoulder"]) / 4).astype(int)
    assert tuple(drawing[y, x]) == (int(255 * LIMB_BRIGHTNESS), 0, 0), "the limb to the right shoulder"
    black = (drawing == 0).all(axis=2).mean()
    assert 0.9 < black < 0.999


def test_an_overlay_keeps_the_photo() -> None:
    image = photo("astronaut")
    drawing = ask("detect_pose", image, overlay=True).pictures["PICTURE"]
    same = (drawing == image).all(axis=2).mean()
    assert 0.9 < same < 0.999
    assert (photo("astronaut") == image).all()


@pytest.mark.parametrize("name", ["chelsea", "coffee", "page", "coins", "rocket"])
def test_without_a_person_there_is_no_skeleton(name: str) -> None:
    reply = ask("detect_pose", photo(name))
    assert not reply.data["person_found"]
    assert reply.data["keypoints"] == []
    assert "No person" in reply.text
    assert reply.pictures["PICTURE"].shape == photo(name).shape
    assert not reply.pictures["PICTURE"].any()


def test_the_threshold_leaves_out_weaker_keypoints() -> None:
    some = ask("detect_pose", photo("astronaut"), threshold=0.7).data["keypoints"]
    more = ask("detect_pose", photo("astronaut"), threshold=0.3).data["keypoints"]
    assert 0 < len(some) < len(more)
    assert min(point["score"] for point in some) >= 0.7
    every = ask("detect_pose", photo("astronaut"), threshold=0.0).data["keypoints"]
    assert len(every) == 17


@pytest.mark.parametrize("part", [0.3, 0.15])
def test_a_person_far_away_is_found_by_looking_closer(part: float) -> None:
    side = round(512 / part)
    image = cv2.resize(photo("brick"), (side, side))
    image[400:912, 500:1012] = photo("astronaut")
    near, far = (joints(ask("detect_pose", picture).data) for picture in (photo("astronaut"), image))
    for name in ("nose", "left_eye", "right_eye", "left_shoulder", "right_shoulder"):
        assert np.hypot(*(far[name] - (500, 400) - near[name])) < 30


def test_a_batch_of_mixed_sizes_answers_as_one_by_one() -> None:
    images = [photo("astronaut"), photo("chelsea"), photo("camera")]
    together = answer_requests(open_model("detect_pose"), [request(image) for image in images])
    for image, answer in zip(images, together, strict=True):
        batched, alone = joints(replies(answer)[0].data), joints(ask("detect_pose", image).data)
        assert batched.keys() == alone.keys()
        for name, place in batched.items():
            np.testing.assert_allclose(place, alone[name], atol=1)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (37, 41)])
def test_every_size_is_answered(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    reply = ask("detect_pose", image, threshold=0.0)
    assert reply.pictures["PICTURE"].shape == image.shape
