"""Scenes say what they show, stay inside their frame, and are either for training or held out."""

from itertools import islice

import numpy as np
import pytest

from visgate_export.pocket.scenes import PLACES, RELATIONS, SIDE, Combination, Scene, sample_combination, scenes


def some(count: int, *, held_out: bool = False) -> list[Scene]:
    return list(islice(scenes(5, held_out=held_out), count))


def centre(scene: Scene, index: int) -> tuple[float, float]:
    placed = scene.objects[index]
    return placed.left + placed.side / 2, placed.top + placed.side / 2


def test_every_object_lies_inside_the_frame() -> None:
    for scene in some(500):
        for placed in scene.objects:
            assert min(placed.left, placed.top) >= 0
            assert max(placed.left, placed.top) + placed.side <= SIDE


def test_two_objects_stand_as_their_relation_says() -> None:
    pairs = [scene for scene in some(500) if len(scene.objects) == 2]
    assert {scene.combination.arrangement for scene in pairs} == set(RELATIONS)
    for scene in pairs:
        (first_across, first_down), (second_across, second_down) = centre(scene, 0), centre(scene, 1)
        across, down = second_across - first_across, second_down - first_down
        if scene.combination.arrangement == "left of":
            assert across > 2 * abs(down) > -1
        else:
            assert down > 2 * abs(across) > -1


def test_one_object_stands_where_its_place_says() -> None:
    singles = [scene for scene in some(500) if len(scene.objects) == 1]
    assert {scene.combination.arrangement for scene in singles} == set(PLACES)
    for scene in singles:
        across, down = (value - SIDE / 2 for value in centre(scene, 0))
        assert {
            "centre": max(abs(across), abs(down)) < 8,
            "left": across < -8,
            "right": across > 8,
            "top": down < -8,
            "bottom": down > 8,
        }[scene.combination.arrangement]


def test_one_combination_in_ten_is_held_out_and_none_is_in_both_sets() -> None:
    trained = {scene.combination for scene in some(2000)}
    held_out = {scene.combination for scene in some(2000, held_out=True)}
    assert not trained & held_out
    random = np.random.default_rng(1)
    drawn = [
        Combination((first, second), "above", "red").held_out
        for first in "abcdefghijklmnopqrstuvwxyz"
        for second in "abcdefghijklmnopqrstuvwxyz"
    ]
    assert np.mean(drawn) == pytest.approx(0.1, abs=0.04)
    assert sample_combination(random, held_out=True).held_out


def test_a_seed_gives_the_same_scenes() -> None:
    assert some(20) == some(20)
    assert some(20) != list(islice(scenes(6), 20))
