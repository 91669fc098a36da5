"""How much larger a picture becomes is understood in three ways, and refused in others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visgate_server.errors import InvalidArgumentError
from visgate_server.object_editing.canvas import Canvas, canvas_of
from visgate_server.tool_model import ToolRequest

NOTHING = {"left": 0, "right": 0, "top": 0, "bottom": 0, "width": 0, "height": 0, "factor": 0.0}


def canvas(**values: Any) -> Canvas:
    """Of a picture of 200 × 100 pixels."""
    return canvas_of(ToolRequest({**NOTHING, "image": np.zeros((100, 200, 3), np.uint8), **values}))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"left": 10}, Canvas(210, 100, 10, 0)),
        ({"right": 10, "top": 5, "bottom": 7}, Canvas(210, 112, 0, 5)),
        ({"width": 301, "height": 150}, Canvas(301, 150, 50, 25)),
        ({"width": 300}, Canvas(300, 100, 50, 0)),
        ({"height": 300}, Canvas(200, 300, 0, 100)),
        ({"factor": 2.0}, Canvas(400, 200, 100, 50)),
        ({}, Canvas(300, 150, 50, 25)),
    ],
)
def test_three_ways_to_say_it(values: dict[str, Any], expected: Canvas) -> None:
    assert canvas(**values) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"left": 10, "width": 300}, "in more than one way"),
        ({"factor": 2.0, "width": 300}, "in more than one way"),
        ({"width": 150}, "from 200 × 100 to 150 × 100 pixels extends nothing"),
        ({"width": 300, "height": 99}, "extends nothing"),
        ({"width": 200, "height": 100}, "extends nothing"),
        ({"factor": 0.5}, "extends nothing"),
        ({"factor": 1.0}, "extends nothing"),
        ({"left": 2048, "right": 2048, "top": 2000}, "is too large: the result may have 4194304 pixels at most"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        canvas(**values)


def test_the_picture_lies_where_the_canvas_says() -> None:
    picture = np.random.default_rng(1).integers(1, 256, (100, 200, 3), np.uint8)
    placed, empty = Canvas(230, 140, 20, 35).place(picture)
    assert placed.shape == (140, 230, 3)
    assert (placed[35:135, 20:220] == picture).all()
    assert (placed[empty] == 0).all()
    assert np.count_nonzero(~empty) == 20_000
