"""Of the detected objects those are chosen that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.object_finding.found_object import boxes_of_parts
from visgate_server.object_finding.photo_finder import Detected, chosen, most_prominent, within_boxes
from visgate_server.object_finding.spoken_object import read_object

SMALL_CAT = Detected("cat", 0.9, (0, 0, 20, 20))
LARGE_CAT = Detected("cat", 0.6, (60, 50, 100, 90))
DOG = Detected("dog", 0.5, (30, 30, 60, 60))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cat", [SMALL_CAT, LARGE_CAT]),
        ("the cat on the right", [LARGE_CAT]),
        ("the cat at the top", [SMALL_CAT]),
        ("the largest cat", [LARGE_CAT]),
        ("the puppy", [DOG]),
        ("the horse", []),
        ("the horse on the left", []),
        ("the dragon", []),
    ],
)
def test_the_named_things_are_chosen(text: str, expected: list[Detected]) -> None:
    assert chosen([LARGE_CAT, DOG, SMALL_CAT], read_object(text), 100, 100) == expected


def test_the_most_prominent_thing_is_large_and_certain() -> None:
    assert most_prominent([SMALL_CAT, LARGE_CAT, DOG]) == LARGE_CAT
    assert most_prominent([Detected("cup", 0.31, (0, 0, 30, 30)), DOG]) == DOG
    assert most_prominent([]) is None


def test_a_mask_is_kept_within_the_boxes_alone() -> None:
    kept = within_boxes(np.full((100, 100), 255, np.uint8), [SMALL_CAT, DOG])
    assert kept.astype(bool).sum() == SMALL_CAT.area + DOG.area
    assert kept[10, 10] == kept[45, 45] == 255
    assert kept[80, 80] == 0


def test_every_large_part_of_a_mask_has_a_box() -> None:
    mask = np.zeros((50, 50), np.uint8)
    mask[5:25, 5:15] = 255
    mask[30:45, 30:48] = 255
    mask[0, 0] = 255
    assert boxes_of_parts(mask, 0.15) == ((30, 30, 48, 45), (5, 5, 15, 25))
    assert boxes_of_parts(np.zeros_like(mask), 0.15) == ()
