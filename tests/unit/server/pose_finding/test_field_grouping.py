"""Joints become people by the fields between them: the surest pair first, and only along the field."""

from __future__ import annotations

import numpy as np

from visgate_server.pose_finding.field_grouping import Limb, group

SIDE = 100
CHAIN = (Limb(0, 1, 0), Limb(1, 2, 2), Limb(2, 3, 4))
"""Four joints in a row: the fewest that are a person."""


def field(x: float, y: float) -> np.ndarray:
    """A field that points one way everywhere."""
    plane = np.zeros((2, SIDE, SIDE), np.float32)
    plane[0], plane[1] = x, y
    return plane


def at(*places: tuple[float, float]) -> np.ndarray:
    """Peaks that are sure."""
    return np.array([(x, y, 1.0) for x, y in places], np.float32).reshape(-1, 3)


def test_the_surest_pair_is_taken_and_not_the_nearest() -> None:
    joints = [at((10, 50)), at((20, 58), (58, 50)), at((58, 70)), at((58, 90))]
    fields = np.concatenate([field(1, 0), field(0, 1), field(0, 1)])
    [person] = group(joints, fields, CHAIN)
    assert person.peak_of == {0: 0, 1: 1, 2: 0, 3: 0}


def test_a_field_that_points_the_other_way_connects_nothing() -> None:
    joints = [at((10, 50)), at((40, 50)), at((40, 70)), at((40, 90))]
    along, against = (np.concatenate([field(x, 0), field(0, 1), field(0, 1)]) for x in (1, -1))
    assert len(group(joints, along, CHAIN)) == 1
    assert group(joints, against, CHAIN) == []


def test_a_limb_as_long_as_the_picture_is_unlikely() -> None:
    fields = np.concatenate([field(0.4, 0), field(0, 1), field(0, 1)])
    short, long = ([at((2, 50)), at((end, 50)), at((end, 70)), at((end, 90))] for end in (50, 98))
    assert len(group(short, fields, CHAIN)) == 1
    assert group(long, fields, CHAIN) == []


def test_two_halves_that_a_limb_connects_are_one_person() -> None:
    joints = [at((10, 10)), at((10, 30)), at((10, 50)), at((10, 70))]
    fields = np.concatenate([field(0, 1)] * 3)
    outer_first = (CHAIN[0], CHAIN[2], CHAIN[1])
    [person] = group(joints, fields, outer_first)
    assert person.peak_of == {0: 0, 1: 0, 2: 0, 3: 0}


def test_a_limb_that_only_confirms_makes_nobody() -> None:
    joints = [at((10, 10)), at((10, 30)), at((10, 50)), at((10, 70))]
    fields = np.concatenate([field(0, 1)] * 3)
    assert len(group(joints, fields, CHAIN)) == 1
    confirming = tuple(Limb(limb.start, limb.end, limb.plane, founds=False) for limb in CHAIN)
    assert group(joints, fields, confirming) == []


def test_joints_that_hardly_show_are_nobody() -> None:
    faint = [np.array([[10, y, 0.1]], np.float32) for y in (10, 30, 50, 70)]
    weak, strong = (np.concatenate([field(0, strength)] * 3) for strength in (0.2, 1.0))
    assert group(faint, weak, CHAIN) == []
    assert len(group(faint, strong, CHAIN)) == 1
