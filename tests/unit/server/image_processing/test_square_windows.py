"""Squares cover a picture of any shape, and what was seen in them comes together again."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.square_windows import Window, merged, windows_of


def test_a_nearly_square_picture_is_one_window() -> None:
    assert windows_of(256, 256) == (Window(0, 0, 256, 256),)
    assert windows_of(120, 100) == (Window(0, 0, 120, 100),)


@pytest.mark.parametrize("size", [(512, 256), (256, 512), (600, 100), (140, 100), (2, 9)])
def test_windows_are_square_and_cover_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    covered = np.zeros((height, width), np.bool_)
    windows = windows_of(width, height)
    for window in windows:
        assert window.width == window.height == min(size)
        covered[window.top : window.top + window.height, window.left : window.left + window.width] = True
    assert covered.all()
    assert len(windows) <= 2 * max(size) / min(size)


def test_a_strip_is_one_window() -> None:
    assert windows_of(3, 2000) == (Window(0, 0, 3, 2000),)


@pytest.mark.parametrize("size", [(512, 256), (256, 512), (300, 100)])
def test_what_the_windows_see_is_what_the_picture_shows(size: tuple[int, int]) -> None:
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[height // 4 : height // 2, width // 2 : width // 2 + 40] = 255
    windows = windows_of(width, height)
    planes = [window.view(picture, 64)[..., 0].astype(np.float32) / 255 for window in windows]
    whole = merged(planes, windows, width, height, longest=128)
    assert max(whole.shape) == 128
    rows, columns = np.nonzero(whole > 0.5)
    scale = max(size) / 128
    assert columns.min() * scale == pytest.approx(width // 2, abs=6)
    assert (columns.max() + 1) * scale == pytest.approx(width // 2 + 40, abs=6)
    assert rows.min() * scale == pytest.approx(height // 4, abs=6)
    assert (rows.max() + 1) * scale == pytest.approx(height // 2, abs=6)
