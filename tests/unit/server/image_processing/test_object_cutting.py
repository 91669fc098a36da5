"""The thing in a box is cut out along its outline."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.image_processing.object_cutting import cut_out_of_box


def scene() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A red L on a noisy green ground, and where it is."""
    random = np.random.default_rng(0)
    truth = np.zeros((150, 200), np.bool_)
    truth[40:120, 60:85] = True
    truth[95:120, 60:150] = True
    picture = np.where(truth[..., None], (200, 40, 30), (60, 130, 70)) + random.normal(0, 8, (150, 200, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), truth


def overlap(mask: NDArray[np.uint8], truth: NDArray[np.bool_]) -> float:
    inside = mask > 127
    return float((inside & truth).sum() / (inside | truth).sum())


def test_the_outline_is_the_things_and_not_the_boxs() -> None:
    picture, truth = scene()
    mask = cut_out_of_box(picture, (60, 40, 150, 120))
    assert mask.shape == truth.shape
    assert overlap(mask, truth) > 0.9


def test_a_large_picture_is_cut_as_its_small_copy_is() -> None:
    picture, truth = scene()
    large = cv2.resize(picture, (1000, 750), interpolation=cv2.INTER_CUBIC)
    mask = cut_out_of_box(large, (300, 200, 750, 600))
    enlarged = cv2.resize(truth.astype(np.uint8), (1000, 750), interpolation=cv2.INTER_NEAREST) > 0
    assert overlap(mask, enlarged) > 0.9


def test_the_same_picture_gives_the_same_mask() -> None:
    picture, _ = scene()
    first = cut_out_of_box(picture, (60, 40, 150, 120))
    cv2.setRNGSeed(7)
    assert np.array_equal(first, cut_out_of_box(picture, (60, 40, 150, 120)))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (5, 5), (40, 40)])
@pytest.mark.parametrize("level", [0, 255])
def test_any_size_is_answered(size: tuple[int, int], level: int) -> None:
    height, width = size
    mask = cut_out_of_box(np.full((height, width, 3), level, np.uint8), (0, 0, width, height))
    assert mask.shape == size
    assert mask.max() > 0, "where nothing can be told apart, the middle of the box is kept"
