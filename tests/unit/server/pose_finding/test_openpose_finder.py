"""OpenPose's maps become people with the joints that the maps were drawn of, and a picture of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from served_models import replies, request
from synthetic_people import Joints, maps_of, person, without

from visgate_server.batching import answer_requests
from visgate_server.drawing.skeleton import OPENPOSE_JOINTS, draw_skeleton
from visgate_server.image_processing.corner_view import corner_view
from visgate_server.models.detect_pose import DetectPose
from visgate_server.pose_finding.finders import open_pose_finder
from visgate_server.pose_finding.movenet_finder import MoveNetFinder
from visgate_server.pose_finding.openpose_finder import INPUT_SIDE, OpenPoseFinder, people_of
from visgate_server.pose_finding.pose import Pose

NEAR = 4.0
"""Half of a cell of the maps, pixels."""


def found_in(*people: Joints) -> list[dict[str, np.ndarray]]:
    """The people that are found in maps of these, from left to right."""
    view = corner_view(np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8), INPUT_SIDE)
    poses = people_of(maps_of(people), view).people
    return sorted((joints_of(pose) for pose in poses), key=lambda joints: joints["neck"][0])


def joints_of(pose: Pose) -> dict[str, np.ndarray]:
    return {
        name: place for name, place, score in zip(OPENPOSE_JOINTS, pose.places, pose.scores, strict=True) if score >= 0
    }


def assert_is(found: Mapping[str, np.ndarray], joints: Joints) -> None:
    assert found.keys() == joints.keys()
    for name, place in joints.items():
        assert np.hypot(*(found[name] - place)) < NEAR, name


def test_every_joint_of_one_person_is_where_it_was_drawn() -> None:
    joints = person(180, 160)
    [found] = found_in(joints)
    assert_is(found, joints)


def test_two_people_keep_their_own_joints() -> None:
    left, right = person(100, 150), person(250, 180, facing=False)
    found = found_in(right, left)
    assert len(found) == 2
    assert_is(found[0], left)
    assert_is(found[1], right)


def test_forearms_that_cross_end_in_their_own_hands() -> None:
    """Each elbow is nearer to the other's wrist than to its own: only the fields tell whose it is."""
    left = person(110, 150, left_elbow=(150, 150), left_wrist=(215, 205))
    right = person(250, 150, facing=False, left_elbow=(210, 150), left_wrist=(145, 205))
    found = found_in(left, right)
    assert len(found) == 2
    assert_is(found[0], left)
    assert_is(found[1], right)


def test_a_hand_without_an_elbow_belongs_to_nobody() -> None:
    joints = person(180, 160)
    [found] = found_in(without(joints, "left_elbow"))
    assert_is(found, without(joints, "left_elbow", "left_wrist"))


def test_three_joints_are_nobody_and_four_are_someone() -> None:
    arm = {name: place for name, place in person(180, 160).items() if name.startswith("right") or name == "neck"}
    arm = without(arm, "right_hip", "right_knee", "right_ankle", "right_eye", "right_ear")
    assert len(arm) == 4
    assert len(found_in(arm)) == 1
    assert found_in(without(arm, "right_wrist")) == []


def test_joints_without_fields_between_them_are_nobody() -> None:
    view = corner_view(np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8), INPUT_SIDE)
    maps = maps_of([person(180, 160)])
    maps[:38] = 0
    found = people_of(maps, view)
    assert found.people == ()
    assert found.score > 0.5, "how close it came"
    assert people_of(np.zeros_like(maps), view).score == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version folder with a network that sees the same two people in every picture."""
    maps = maps_of([person(100, 120), person(250, 140, facing=False)])
    graph = helper.make_graph(
        [
            helper.make_node("Shape", ["image"], ["rows"], start=0, end=1),
            helper.make_node("Concat", ["rows", "sizes"], ["shape"], axis=0),
            helper.make_node("Expand", ["seen", "shape"], ["maps"]),
        ],
        "the same people",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", INPUT_SIDE, INPUT_SIDE, 3])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["N", *maps.shape])],
        [
            numpy_helper.from_array(np.array(maps.shape, np.int64), "sizes"),
            numpy_helper.from_array(maps, "seen"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "openpose.onnx")
    return tmp_path


def test_the_network_in_the_folder_says_who_finds_poses(folder: Path) -> None:
    assert isinstance(open_pose_finder(folder), OpenPoseFinder)
    pocket = Path(__file__).parents[4] / "model_repository" / "detect_pose" / "1"
    assert isinstance(open_pose_finder(pocket), MoveNetFinder)


def test_everyone_is_told_and_drawn_as_one_person_is(folder: Path) -> None:
    """In a picture half as large as what the network sees, which fills the upper two thirds of it."""
    model = DetectPose()
    model.setup(folder, lambda calls: [])
    picture = np.zeros((INPUT_SIDE // 3, INPUT_SIDE // 2, 3), np.uint8)
    answer, other = answer_requests(model, [request(picture), request(np.zeros((60, 50, 3), np.uint8), threshold=0.0)])
    [reply] = replies(answer)
    people = reply.data["people"]
    assert len(people) == 2
    assert "two people" in reply.text
    assert reply.data["person_found"]
    assert reply.data["keypoints"] == max(people, key=lambda one: one["score"])["keypoints"]
    necks = sorted((point["x"], point["y"]) for one in people for point in one["keypoints"] if point["name"] == "neck")
    np.testing.assert_allclose(necks, [(50, 40), (125, 50)], atol=NEAR / 2)
    drawn = np.zeros_like(picture)
    for one in people:
        draw_skeleton(drawn, {point["name"]: (point["x"], point["y"]) for point in one["keypoints"]})
    assert drawn.any()
    difference = np.abs(drawn.astype(int) - reply.pictures["PICTURE"])
    assert difference.mean() < 0.5, "places are told to a tenth of a pixel"
    [small] = replies(other)
    assert all(0 <= point["x"] <= 50 for one in small.data["people"] for point in one["keypoints"])


def test_peaks_that_blur_does_not_move_are_found_at_the_picture_s_rim() -> None:
    joints = person(16, 160)
    maps = maps_of([joints])
    view = corner_view(np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8), INPUT_SIDE)
    [found] = people_of(maps, view).people
    seen = joints_of(found)
    assert np.hypot(*(seen["neck"] - joints["neck"])) < NEAR
    assert cv2.norm(seen["left_ankle"] - np.float32(joints["left_ankle"])) < NEAR
