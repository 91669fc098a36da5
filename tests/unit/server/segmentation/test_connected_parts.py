"""From a map of classes to its single things, their names and colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from visgate_server.segmentation.connected_parts import DETAIL_GAP, ConnectedParts
from visgate_server.segmentation.labels import SegmentationLabels
from visgate_server.segmentation.part_colours import part_colours
from visgate_server.segmentation.part_regions import part_regions
from visgate_server.segmentation.parts import largest_first

APPLE, TREE = 1, 2
KNOWN = SegmentationLabels(8, 8, ("background", "apple", "tree"), ((0, 0, 0), (128, 0, 0), (0, 128, 0)), background=0)


def floor(*boxes: tuple[int, int, int, int, int], height: int = 60, width: int = 100) -> np.ndarray:
    """A class map of the background with boxes: class, x1, y1, x2, y2."""
    classes = np.zeros((height, width), np.int64)
    for number, left, top, right, bottom in boxes:
        classes[top:bottom, left:right] = number
    return classes


def divided(classes: np.ndarray, background: int | None = 0) -> list[tuple[str | None, tuple[int, int, int, int]]]:
    parts = ConnectedParts().laid_out(classes, background)
    regions = part_regions(parts, classes, KNOWN, part_colours(int(parts.max())))
    assert [region.share for region in regions] == sorted((region.share for region in regions), reverse=True)
    return [(region.label, region.box) for region in regions]


def test_two_apples_that_lie_apart_are_two_parts() -> None:
    classes = floor((APPLE, 5, 5, 25, 25), (APPLE, 60, 30, 90, 50), (TREE, 30, 0, 40, 12))
    assert divided(classes) == [
        ("apple", (60, 30, 90, 50)),
        ("apple", (5, 5, 25, 25)),
        ("tree", (30, 0, 40, 12)),
    ]


def test_apples_that_touch_are_one_part_and_an_apple_on_a_tree_is_two() -> None:
    assert divided(floor((APPLE, 5, 5, 25, 25), (APPLE, 25, 20, 45, 40))) == [("apple", (5, 5, 45, 40))]
    corner = floor((APPLE, 5, 5, 25, 25), (APPLE, 25, 25, 45, 45))
    assert len(divided(corner)) == 1, "a corner is enough"
    assert divided(floor((TREE, 10, 10, 50, 50), (APPLE, 20, 20, 30, 30))) == [
        ("tree", (10, 10, 50, 50)),
        ("apple", (20, 20, 30, 30)),
    ]


def test_what_something_in_front_cuts_through_is_two_parts() -> None:
    cut = floor((TREE, 0, 20, 100, 40), (APPLE, 45, 0, 55, 60))
    assert [label for label, _ in divided(cut)] == ["tree", "tree", "apple"]


def test_a_small_detail_belongs_to_the_nearest_thing_of_its_kind() -> None:
    things = ((APPLE, 5, 5, 25, 25), (APPLE, 70, 5, 90, 25))
    near = floor(*things, (APPLE, 65, 10, 68, 25))  # 45 of 400 pixels, 2 away from the right one
    assert divided(near) == [("apple", (65, 5, 90, 25)), ("apple", (5, 5, 25, 25))]
    gap = int(20 * DETAIL_GAP) + 3
    apart = floor(*things, (APPLE, 75, 25 + gap, 85, 30 + gap))
    assert len(divided(apart)) == 3, "a small apple far from the others is one of its own"
    crumb = floor(*things, (APPLE, 40, 50, 42, 52))  # a hundredth of an apple
    assert divided(crumb)[0] == ("apple", (5, 5, 42, 52))
    between = floor((APPLE, 5, 5, 25, 25), (APPLE, 59, 45, 79, 65), (APPLE, 28, 5, 29, 58), height=80)
    assert divided(between) == [("apple", (5, 5, 29, 58)), ("apple", (59, 45, 79, 65))], "its near end counts"
    of_another_kind = floor(*things, (TREE, 65, 10, 68, 25))
    assert len(divided(of_another_kind)) == 3


def test_without_a_background_every_pixel_is_in_a_part() -> None:
    classes = floor((APPLE, 5, 5, 25, 25))
    parts = ConnectedParts().laid_out(classes, None)
    assert (parts > 0).all()
    assert parts.max() == 2
    assert ConnectedParts().laid_out(np.zeros_like(classes), 0).max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (3000, 2)])
def test_pictures_of_any_shape_are_divided(shape: tuple[int, int]) -> None:
    classes = np.full(shape, TREE, np.int64)
    np.testing.assert_array_equal(ConnectedParts().laid_out(classes, 0), np.ones(shape))


def test_a_large_map_is_divided_in_its_own_size() -> None:
    classes = cv2.resize(
        floor((APPLE, 5, 5, 25, 25), (APPLE, 60, 30, 90, 50)).astype(np.uint8),
        (2000, 1200),
        interpolation=cv2.INTER_NEAREST,
    ).astype(np.int64)
    parts = ConnectedParts().laid_out(classes, 0)
    assert ((parts > 0) == (classes > 0)).mean() > 0.999
    assert parts[800, 1500] == 1
    assert parts[300, 300] == 2


def test_parts_are_numbered_by_what_they_cover() -> None:
    numbered = largest_first(np.array([[7, 7, 7, 0], [3, 3, 9, 9], [9, 9, 0, 0]]))
    assert numbered.tolist() == [[2, 2, 2, 0], [3, 3, 1, 1], [1, 1, 0, 0]]


def test_a_part_that_is_mostly_background_has_no_name() -> None:
    parts = np.ones((4, 5), np.int64)
    parts[:, 4] = 2
    classes = floor((TREE, 0, 0, 1, 4), (APPLE, 4, 0, 5, 3), height=4, width=5)
    nameless, apple = part_regions(parts, classes, KNOWN, part_colours(2))
    assert (nameless.label, nameless.box, nameless.share) == (None, (0, 0, 4, 4), 0.8)
    assert (apple.label, apple.box, apple.share) == ("apple", (4, 0, 5, 4), 0.2)


def test_colours_are_told_apart_and_always_the_same() -> None:
    colours = part_colours(5000)
    assert len(set(colours)) == 5000
    assert min(max(colour) for colour in colours) > 100, "none is taken for the black of no part"
    assert part_colours(3) == colours[:3]
    few = np.array(colours[:12], float)
    distances = np.linalg.norm(few[:, None] - few, axis=2) + np.eye(12) * 1e9
    assert distances.min() > 45
