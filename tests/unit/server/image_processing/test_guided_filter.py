"""The guided filter moves a coarse mask's sides to where the picture's colour changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.image_processing.guided_filter import fit_to_edges


def disc(side: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A red disc on blue, and where it is."""
    inside = cv2.circle(np.zeros((side, side), np.uint8), (side // 2, side // 2), side // 3, 1, -1).astype(bool)
    image = np.where(inside[..., None], np.array([200, 40, 40]), np.array([30, 60, 180])).astype(np.uint8)
    return image, inside.astype(np.float32)


@pytest.mark.parametrize("side", [200, 512, 1400])
def test_a_coarse_mask_comes_to_fit_the_picture(side: int) -> None:
    image, truth = disc(side)
    # As a network of 256 × 256 may see the disc: a pixel too large all around.
    coarse = cv2.dilate(cv2.resize(truth, (256, 256), interpolation=cv2.INTER_AREA), np.ones((3, 3), np.uint8))
    plain = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    fitted = fit_to_edges(np.asarray(coarse, np.float32), image)
    assert fitted.shape == (side, side)
    wrong = (fitted > 0.5) != (truth > 0.5)
    assert wrong.sum() < 0.2 * ((plain > 0.5) != (truth > 0.5)).sum()


def test_it_equals_the_papers_equations_solved_window_by_window() -> None:
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (24, 20, 3), np.uint8)
    mask = generator.random((24, 20), np.float32)
    radius, epsilon = 1, 1e-3  # the radius is what 24 / 64 rounds to, at least 1
    colours = np.pad(image / 255.0, ((1, 1), (1, 1), (0, 0)), mode="symmetric")
    values = np.pad(mask, 1, mode="symmetric")
    coefficients = np.zeros((24, 20, 4))
    for row in range(24):
        for column in range(20):
            guide = colours[row : row + 3, column : column + 3].reshape(-1, 3)
            part = values[row : row + 3, column : column + 3].reshape(-1)
            covariance = np.cov(guide.T, bias=True) + epsilon * np.eye(3)
            slope = np.linalg.solve(covariance, (guide * part[:, None]).mean(0) - guide.mean(0) * part.mean())
            coefficients[row, column] = (*slope, part.mean() - slope @ guide.mean(0))
    side = 2 * radius + 1
    means = np.stack(
        [
            cv2.boxFilter(np.ascontiguousarray(plane), -1, (side, side), borderType=cv2.BORDER_REFLECT)
            for plane in np.moveaxis(coefficients, 2, 0)
        ],
        axis=2,
    )
    expected = np.clip((means[..., :3] * (image / 255.0)).sum(2) + means[..., 3], 0, 1)
    assert np.abs(fit_to_edges(mask, image) - expected).max() < 1e-4


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (2, 2)])
def test_a_plain_picture_of_any_size_keeps_a_plain_mask(size: tuple[int, int]) -> None:
    fitted = fit_to_edges(np.full((256, 256), 0.75, np.float32), np.full((*size, 3), 90, np.uint8))
    assert fitted.shape == size
    assert np.abs(fitted - 0.75).max() < 1e-3
