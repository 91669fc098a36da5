"""Boxes that mark the same thing are thinned out to the strongest."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.non_maximum_suppression import clusters, overlaps, suppress, suppress_by_class

BOXES = np.array(
    [
        [0, 0, 10, 10],
        [1, 0, 11, 10],  # nearly the first
        [20, 20, 30, 30],  # apart
        [0, 0, 10, 5],  # half the first
    ],
    np.float32,
)
SCORES = np.array([0.6, 0.9, 0.5, 0.7], np.float32)


def test_overlaps_are_intersection_over_union() -> None:
    ratios = overlaps(BOXES, BOXES)
    np.testing.assert_allclose(np.diag(ratios), 1.0)
    assert ratios[0, 1] == pytest.approx(90 / 110)
    assert ratios[0, 3] == pytest.approx(0.5)
    assert ratios[0, 2] == 0
    empty = np.array([[5, 5, 5, 5]], np.float32)
    assert overlaps(empty, empty)[0, 0] == 0


def test_the_strongest_of_each_pile_stays_strongest_first() -> None:
    assert suppress(BOXES, SCORES, 0.6).tolist() == [1, 3, 2]
    assert suppress(BOXES, SCORES, 0.3).tolist() == [1, 2]
    assert suppress(BOXES, SCORES, 1.0).tolist() == [1, 3, 0, 2]


def test_a_box_that_was_suppressed_suppresses_nothing() -> None:
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert suppress(chain, np.array([0.9, 0.8, 0.7], np.float32), 0.4).tolist() == [0, 2]


def test_classes_suppress_their_own_and_others_only_where_nearly_equal() -> None:
    classes = np.array([1, 2, 1, 1])
    assert suppress_by_class(BOXES, SCORES, classes, 0.45).tolist() == [1, 3, 2]
    assert suppress_by_class(BOXES, SCORES, np.array([1, 2, 1, 3]), 0.45, 0.8).tolist() == [1, 3, 2]
    assert suppress_by_class(BOXES, SCORES, np.array([1, 2, 1, 3]), 0.45, 0.9).tolist() == [1, 3, 0, 2]


def test_every_box_is_in_one_cluster_led_by_its_strongest() -> None:
    groups = [group.tolist() for group in clusters(BOXES, SCORES, 0.3)]
    assert groups == [[1, 3, 0], [2]]


def test_no_boxes_are_no_boxes() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert suppress(nothing, np.zeros(0, np.float32), 0.5).tolist() == []
    assert suppress_by_class(nothing, np.zeros(0, np.float32), np.zeros(0, np.int64), 0.5).tolist() == []
