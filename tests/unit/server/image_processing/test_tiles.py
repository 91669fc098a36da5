"""Tiles cover a picture once, share one size, and keep their distance from seams."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.tiles import tiles

SIZES = [(1, 1), (100, 100), (101, 100), (3, 2000), (640, 640), (257, 511), (164, 165)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_every_pixel_is_kept_once_and_all_windows_have_one_size(height: int, width: int) -> None:
    covered = np.zeros((height, width), int)
    shapes = set()
    for tile in tiles(height, width, side=100, overlap=18):
        covered[tile.rows.keep.scaled(1), tile.columns.keep.scaled(1)] += 1
        shapes.add(np.empty((height, width))[tile.rows.window.scaled(1), tile.columns.window.scaled(1)].shape)
    assert (covered == 1).all()
    assert shapes == {(min(height, 100), min(width, 100))}


@pytest.mark.parametrize("length", [101, 163, 164, 165, 500, 2000])
def test_what_is_kept_is_as_far_from_a_window_side_as_the_overlap_unless_the_picture_ends_there(length: int) -> None:
    for tile in tiles(1, length, side=100, overlap=18):
        window, keep = tile.columns.window, tile.columns.keep
        assert window.start == 0 or keep.start - window.start >= 18
        assert window.stop == length or window.stop - keep.stop >= 18


def test_a_picture_that_fits_is_one_tile() -> None:
    assert len(list(tiles(100, 100, side=100, overlap=18))) == 1
    assert len(list(tiles(100, 101, side=100, overlap=18))) == 2


def test_pasting_what_is_kept_puts_an_enlarged_picture_together() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (150, 230))
    large = np.full((300, 460), -1)
    for tile in tiles(150, 230, side=70, overlap=9):
        window = picture[tile.rows.window.scaled(1), tile.columns.window.scaled(1)]
        enlarged = np.kron(window, np.ones((2, 2), int))
        kept = enlarged[tile.rows.kept_in_window(2), tile.columns.kept_in_window(2)]
        large[tile.rows.keep.scaled(2), tile.columns.keep.scaled(2)] = kept
    assert np.array_equal(large, np.kron(picture, np.ones((2, 2), int)))


def test_tiles_that_would_keep_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        list(tiles(100, 100, side=36, overlap=18))
