"""Boxes and labels can be seen, and labels never reach over the edge of a picture of any size."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.drawing.highlights import Highlight, draw_highlights
from visgate_server.drawing.labels import SMALLEST_LETTERS, fitting_label
from visgate_server.drawing.marks import Mark, box_corners, draw_marks

GREEN = (0, 255, 0)


@pytest.mark.parametrize("size", [(512, 512), (48, 64), (3000, 2000)])
def test_the_outline_and_a_label_are_drawn(size: tuple[int, int]) -> None:
    height, width = size
    picture = np.full((height, width, 3), 128, np.uint8)
    box = (width * 0.25, height * 0.5, width * 0.75, height * 0.9)
    drawn = draw_marks(picture, [Mark(box_corners(box), "cat 52%", GREEN)])
    green = drawn[..., 1].astype(int) - drawn[..., 0] > 60
    assert green[round(box[3]) - 1 : round(box[3]) + 2, width // 2].any()
    assert not green[round(height * 0.7), round(width * 0.4) : round(width * 0.6)].any(), "the inside stays visible"
    label = green[: round(box[1]) - 1]
    assert label.any(), "the label stands above the box"
    assert (picture == 128).all(), "the given picture is left alone"


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (10, 10)])
def test_no_size_is_too_small(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    mark = Mark(box_corners((-5, -5, size[1] + 5, size[0] + 5)), "a very long label 100%", GREEN, [(0, 0), (9e3, 9e3)])
    assert draw_marks(picture, [mark]).shape == picture.shape
    outline = np.array(mark.corners, np.float32)
    assert draw_highlights(picture, [Highlight(outline, "1", GREEN)]).shape == picture.shape


def test_a_label_shrinks_to_its_room_and_is_left_out_below_legibility() -> None:
    wide = fitting_label("teddy bear 99%", 40, 1000, 1000)
    narrow = fitting_label("teddy bear 99%", 40, 120, 1000)
    assert wide is not None
    assert narrow is not None
    assert wide.letters == 40
    assert SMALLEST_LETTERS <= narrow.letters < 40
    assert narrow.width <= 120
    assert fitting_label("teddy bear 99%", 40, 30, 1000) is None


def test_a_highlight_tints_and_leaves_what_is_under_it_legible() -> None:
    picture = np.full((100, 300, 3), 255, np.uint8)
    picture[:, 150:160] = 0
    outline = np.array([[100, 40], [200, 40], [200, 60], [100, 60]], np.float32)
    drawn = draw_highlights(picture, [Highlight(outline, "7", GREEN)])
    assert tuple(drawn[50, 120]) == (153, 255, 153)
    assert int(drawn[50, 120].sum()) - int(drawn[50, 155].sum()) > 400
    assert (drawn[20, 100:200] == picture[20, 100:200]).all()
    assert (drawn[45, 70:99] == GREEN).all(axis=1).any(), "its label stands beside it"


def test_a_label_hides_no_other_highlight() -> None:
    picture = np.full((100, 300, 3), 255, np.uint8)
    left, right = (np.array([[x, 40], [x + 90, 40], [x + 90, 60], [x, 60]], np.float32) for x in (105, 200))
    drawn = draw_highlights(picture, [Highlight(left, "1", GREEN), Highlight(right, "2", (0, 0, 255))])
    assert (drawn[41:60, 106:194] == (153, 255, 153)).all()
    assert (drawn[41:60, 201:289] == (153, 153, 255)).all()
    assert (drawn[45, 80:104] == GREEN).all(axis=1).any(), "the first has room on its left"
    assert not (drawn == (0, 0, 255)).all(axis=2).any(), "the second has none on either side"
