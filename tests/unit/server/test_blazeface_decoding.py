"""BlazeFace's raw outputs are decoded to where faces are, and boxes on one face become one."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.blazeface_decoding import INPUT_SIDE, Faces, anchor_centres, decode_faces, join_faces, merge_faces


def faces(*boxes: tuple[float, float, float, float], scores: tuple[float, ...]) -> Faces:
    return Faces(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.zeros((len(boxes), 6, 2), np.float32),
        np.array(scores, np.float32),
    )


def test_anchors_stand_in_the_middle_of_the_cells_of_both_grids() -> None:
    anchors = anchor_centres()
    assert anchors.shape == (896, 2)
    assert anchors[0].tolist() == anchors[1].tolist() == [8, 8]
    assert anchors[2].tolist() == [24, 8], "x runs first"
    assert anchors[512].tolist() == anchors[517].tolist() == [16, 16]
    assert anchors[-1].tolist() == [INPUT_SIDE - 16, INPUT_SIDE - 16]


def test_a_box_is_read_relative_to_its_anchor() -> None:
    scores = np.full(896, -100.0, np.float32)
    boxes = np.zeros((896, 16), np.float32)
    scores[2] = 3.0
    boxes[2, :6] = [10, 20, 40, 60, -4, 5]
    found = decode_faces(scores, boxes, 0.5)
    assert found.boxes.tolist() == [[24 + 10 - 20, 8 + 20 - 30, 24 + 10 + 20, 8 + 20 + 30]]
    assert found.keypoints[0, 0].tolist() == [20, 13]
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert len(decode_faces(scores, boxes, 0.99)) == 0


def test_overlapping_boxes_become_their_weighted_mean_with_the_best_score() -> None:
    merged = merge_faces(faces((0, 0, 10, 10), (3, 0, 13, 10), (50, 50, 60, 60), scores=(0.6, 0.9, 0.7)))
    np.testing.assert_allclose(merged.scores, [0.9, 0.7])
    np.testing.assert_allclose(merged.boxes[0], [1.8, 0, 11.8, 10], atol=1e-5)
    np.testing.assert_allclose(merged.boxes[1], [50, 50, 60, 60])


def test_joining_puts_the_strongest_first_and_nothing_is_nothing() -> None:
    joined = join_faces([faces((0, 0, 1, 1), scores=(0.5,)), faces((2, 2, 3, 3), scores=(0.8,))])
    np.testing.assert_allclose(joined.scores, [0.8, 0.5])
    np.testing.assert_allclose(joined.centres[0], [2.5, 2.5])
    assert len(merge_faces(join_faces([]))) == 0
