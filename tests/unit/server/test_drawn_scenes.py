"""Drawn scenes are told from photos by their floor."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import photo

from visgate_export.pocket.objects import COLOURS
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.drawn_scenes import looks_drawn

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "coins", "page", "rocket", "retina", "text", "moon", "clock")


@pytest.fixture(scope="module")
def drawn() -> list[NDArray[np.uint8]]:
    renderer = SceneRenderer(read_sprites())
    return [renderer.picture(scene) for scene in islice(scenes(9, held_out=True), 120)]


def test_scenes_are_drawn(drawn: list[NDArray[np.uint8]]) -> None:
    assert all(looks_drawn(picture) for picture in drawn)


def test_scenes_are_drawn_when_enlarged_softened_and_noisy(drawn: list[NDArray[np.uint8]]) -> None:
    random = np.random.default_rng(0)
    seen = []
    for picture in drawn[:60]:
        enlarged = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_CUBIC)
        soft = cv2.GaussianBlur(enlarged, (0, 0), 2.0)
        seen.append(looks_drawn(np.clip(soft + random.normal(0, 5, soft.shape), 0, 255).astype(np.uint8)))
    assert np.mean(seen) > 0.97


def test_scenes_without_colour_are_drawn(drawn: list[NDArray[np.uint8]]) -> None:
    grey = [np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2) for picture in drawn[:40]]
    assert np.mean([looks_drawn(picture) for picture in grey]) > 0.9


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_not_drawn(name: str) -> None:
    assert not looks_drawn(photo(name))


@pytest.mark.parametrize("colour", list(COLOURS))
def test_a_flat_colour_is_no_scene(colour: str) -> None:
    assert not looks_drawn(np.full((90, 120, 3), COLOURS[colour], np.uint8))


def test_a_floor_that_gets_brighter_upwards_is_no_scene(drawn: list[NDArray[np.uint8]]) -> None:
    assert not any(looks_drawn(picture[::-1]) for picture in drawn[:40])


def test_noise_and_tiny_pictures_are_no_scenes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert not looks_drawn(noise)
    assert not looks_drawn(np.zeros((1, 1, 3), np.uint8))
