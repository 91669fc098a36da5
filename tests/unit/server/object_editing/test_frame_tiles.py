"""Tiles cover every empty pixel of a frame, and each has something to go by when its turn comes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError
from visgate_server.object_editing.canvas import Canvas
from visgate_server.object_editing.frame_tiles import MOST_TILES, filled_from_nearest, frame_tiles

FRAMES = {
    "a narrow strip at the right": (Canvas(74, 64, 0, 0), 64, 64),
    "half as large again": (Canvas(96, 96, 16, 16), 64, 64),
    "four times as large": (Canvas(256, 256, 96, 96), 64, 64),
    "a wide picture with more at the top": (Canvas(300, 180, 0, 80), 300, 100),
    "a tall picture with more at the left": (Canvas(333, 200, 233, 0), 100, 200),
    "in the corner": (Canvas(150, 170, 50, 70), 100, 100),
    "one pixel more": (Canvas(101, 100, 0, 0), 100, 100),
}


def empty_of(name: str) -> tuple[NDArray[np.bool_], int]:
    canvas, width, height = FRAMES[name]
    return canvas.place(np.zeros((height, width, 3), np.uint8))[1], min(width, height)


@pytest.mark.parametrize("name", FRAMES)
def test_every_empty_pixel_is_painted_with_something_to_go_by(name: str) -> None:
    empty, side = empty_of(name)
    left_over = empty.copy()
    for tile in frame_tiles(empty, side):
        part = left_over[tile.rows(empty), tile.columns(empty)]
        assert part.shape == (side, side), "a tile lies within the canvas"
        assert part.any(), "no tile paints nothing"
        assert part.mean() <= 0.76, "a quarter at least is there already"
        part[...] = False
    assert not left_over.any()


def test_the_number_of_tiles_stays_small() -> None:
    assert len(frame_tiles(*empty_of("one pixel more"))) == 1
    assert len(frame_tiles(*empty_of("half as large again"))) <= 4
    assert len(frame_tiles(*empty_of("four times as large"))) <= MOST_TILES


def test_too_many_tiles_are_refused() -> None:
    empty = Canvas(2000, 40, 0, 20).place(np.zeros((20, 2000, 3), np.uint8))[1]
    with pytest.raises(InvalidArgumentError, match="over 48 drawings, each 20 × 20 pixels"):
        frame_tiles(empty, 20)


def test_empty_pixels_take_the_colour_of_the_nearest() -> None:
    picture = np.zeros((8, 12, 3), np.uint8)
    picture[:, :3], picture[:, 9:] = (200, 10, 0), (0, 20, 100)
    empty = np.zeros((8, 12), np.bool_)
    empty[:, 3:9] = True
    filled = filled_from_nearest(picture, empty)
    assert (filled[:, :6] == (200, 10, 0)).all()
    assert (filled[:, 6:] == (0, 20, 100)).all()
