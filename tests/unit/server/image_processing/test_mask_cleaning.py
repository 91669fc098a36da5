"""A cleaned mask has no specks and no pinholes, and keeps its soft sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.mask_cleaning import clean_mask


def body() -> NDArray[np.float32]:
    """A square of certainty, 60 pixels a side, in the middle of nothing."""
    probabilities = np.zeros((100, 100), np.float32)
    probabilities[20:80, 20:80] = 1.0
    return probabilities


def test_specks_go_and_other_large_parts_stay() -> None:
    probabilities = body()
    probabilities[5:8, 5:8] = 1.0
    probabilities[2:18, 70:95] = 1.0
    mask = clean_mask(probabilities, 0.5)
    assert mask[5:8, 5:8].max() == 0
    assert mask[2:18, 70:95].min() == 1


def test_pinholes_are_filled_and_wide_gaps_stay() -> None:
    probabilities = body()
    probabilities[30:34, 30:34] = 0.2
    probabilities[50:70, 50:70] = 0.0
    mask = clean_mask(probabilities, 0.5)
    assert mask[30:34, 30:34].min() == 1
    assert mask[55:65, 55:65].max() == 0


def test_a_bay_that_is_open_to_the_side_of_the_picture_is_no_hole() -> None:
    probabilities = np.ones((100, 100), np.float32)
    probabilities[0:5, 50:55] = 0.0
    assert clean_mask(probabilities, 0.5)[0:5, 50:55].max() == 0


def test_sides_stay_soft_about_the_threshold() -> None:
    probabilities = body()
    probabilities[20:80, 80] = 0.6
    probabilities[20:80, 81] = 0.4
    row = clean_mask(probabilities, 0.5)[50, 78:84]
    assert np.allclose(row, [1, 1, 0.75, 0.25, 0, 0], atol=1e-6)
    assert clean_mask(probabilities, 0.7)[50, 81] == 0


def test_an_empty_map_is_an_empty_mask_and_a_full_one_full() -> None:
    assert clean_mask(np.zeros((20, 20), np.float32), 0.5).max() == 0
    assert clean_mask(np.ones((20, 20), np.float32), 0.5).min() == 1
