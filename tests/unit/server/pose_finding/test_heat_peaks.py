"""Peaks of heat maps are found once each, where they are highest."""

from __future__ import annotations

import numpy as np

from visgate_server.pose_finding.heat_peaks import peaks


def hill(x: float, y: float, height: float, side: int = 80) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side]
    return (height * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 98)).astype(np.float32)


def test_each_hill_has_one_peak_and_the_highest_comes_first() -> None:
    found = peaks(np.maximum(hill(20, 30, 0.6), hill(60, 50, 0.9)), 0.1)
    np.testing.assert_allclose(found, [[60, 50, 0.9], [20, 30, 0.6]], atol=1e-5)


def test_a_peak_between_two_pixels_is_one_peak() -> None:
    [[x, y, _]] = peaks(hill(40.5, 20.5, 0.8), 0.1)
    assert (abs(x - 40.5), abs(y - 20.5)) == (0.5, 0.5)


def test_what_is_too_low_once_smoothed_is_no_peak() -> None:
    speck = np.zeros((80, 80), np.float32)
    speck[40, 40] = 0.9
    assert len(peaks(speck, 0.1)) == 0
    assert len(peaks(hill(40, 40, 0.09), 0.1)) == 0
    assert len(peaks(np.zeros((80, 80), np.float32), 0.1)) == 0


def test_a_hill_at_the_edge_has_its_peak_there() -> None:
    [[x, y, _]] = peaks(hill(0, 79, 0.8), 0.1)
    assert (x, y) == (0, 79)
