"""What is marked in photographs is where it is said to be, whatever is done to them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tool_quality.boxes import best_iou, box_iou
from benchmarks.tool_quality.composites import ASTRONAUT, CUP, MAN_WITH_CAMERA, composites
from benchmarks.tool_quality.drawn_shapes import drawn_shapes, outlines_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photograph


def test_boxes_agree_by_what_they_share() -> None:
    assert box_iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert best_iou([], (0, 0, 10, 10)) == 0


@pytest.mark.parametrize("number", range(8))
def test_a_spot_is_in_every_view_where_the_view_says(number: int) -> None:
    picture = np.full((120, 200, 3), 20, np.uint8)
    picture[30:50, 150:170] = 250
    view = views(picture)[number]
    left, top, right, bottom = (round(side) for side in view.box((150, 30, 170, 50)))
    spot = view.picture[top + 2 : bottom - 2, left + 2 : right - 2]
    rest = view.picture.astype(int)
    rest[top - 3 : bottom + 3, left - 3 : right + 3] = 0
    assert spot.min() > rest.max(), view.change


def test_the_views_of_a_photograph_all_differ() -> None:
    contents = {view.picture.tobytes() for view in views(photograph("chelsea"))}
    assert len(contents) == 8


def test_marks_lie_in_their_photographs() -> None:
    for photo in known_photographs():
        height, width, _ = photo.picture.shape
        left, top, right, bottom = photo.box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        for x, y in photo.joints.values():
            assert left <= x <= right
            assert top <= y <= bottom


def test_a_composite_shows_the_thing_in_its_mask_and_the_other_photograph_elsewhere() -> None:
    pasted = list(composites((ASTRONAUT, MAN_WITH_CAMERA, CUP), 6, seed=5))
    assert [one.thing for one in pasted] == ["person", "person", "cup"] * 2
    cup = pasted[2]
    red, blue = (cup.picture[..., channel].astype(int) for channel in (0, 2))
    assert (red - blue)[cup.mask].mean() > 40, "the cup is red and white"
    assert np.abs(red - blue)[~cup.mask].mean() < 5, "gravel is grey"
    for one in pasted[:2]:
        assert one.mask[-1].any(), "a person is cut off below"


def test_outlines_are_where_a_shape_meets_its_ground() -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[5:12, 5:20] = True
    outlines = outlines_of(mask)
    assert outlines[5, 5:20].all()
    assert outlines[5:12, 5].all()
    assert not outlines[6:11, 6:20].any(), "inside, and at the picture's rim"
    (drawn,) = drawn_shapes(1, seed=3, noise=0.0)
    ground = drawn.picture[0, 0]
    assert (np.abs(drawn.picture.astype(int) - ground).max(axis=2)[drawn.outlines] > 10).all()
