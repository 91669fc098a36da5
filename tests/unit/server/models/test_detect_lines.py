"""detect_lines finds straight lines where they are, once each."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import ask, open_model, outputs, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError

HEIGHT, WIDTH = 300, 512
DRAWN = {(48, 66, 448, 100), (96, 266, 400, 150)}


def two_lines() -> NDArray[np.uint8]:
    """Two black lines on white, in a picture that is wider than high: a stretched answer would miss them."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for x1, y1, x2, y2 in DRAWN:
        cv2.line(image, (x1, y1), (x2, y2), (0, 0, 0), 2)
    return image


def beside(ends: list[float], drawn: tuple[int, int, int, int]) -> float:
    """How far the ends of a found line are from the line that was drawn, at most, in pixels."""
    along = np.array(drawn[2:]) - drawn[:2]
    normal = np.array([-along[1], along[0]]) / np.hypot(*along)
    return float(np.abs((np.array(ends).reshape(2, 2) - drawn[:2]) @ normal).max())


def test_drawn_lines_are_found_to_within_three_pixels_and_once_each() -> None:
    lines = ask("detect_lines", two_lines(), threshold=0.3, min_length=0.3).data["lines"]
    assert len(lines) == len(DRAWN)
    for drawn in DRAWN:
        [found] = [line for line in lines if beside(line["ends"], drawn) <= 3.0]
        # Along itself a line's ends are less sure: the network tells them from the line's middle.
        assert found["length"] == pytest.approx(np.hypot(drawn[2] - drawn[0], drawn[3] - drawn[1]), rel=0.05)
        assert (found["ends"][0] + found["ends"][2]) / 2 == pytest.approx((drawn[0] + drawn[2]) / 2, abs=6)


def test_lines_are_inside_the_picture_and_drawn_where_the_data_says() -> None:
    image = photo("rocket")
    reply = ask("detect_lines", image)
    drawing = reply.pictures["LINES"]
    height, width, _ = image.shape
    assert drawing.shape == (height, width, 1)
    lines = reply.data["lines"]
    assert len(lines) > 20
    scores = [line["score"] for line in lines]
    assert scores == sorted(scores, reverse=True)
    for line in lines:
        x1, y1, x2, y2 = line["ends"]
        assert 0 <= min(x1, x2) <= max(x1, x2) <= width
        assert 0 <= min(y1, y2) <= max(y1, y2) <= height
        assert line["length"] == pytest.approx(np.hypot(x2 - x1, y2 - y1), abs=0.2)
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        middle = drawing[max(0, int(y) - 2) : int(y) + 3, max(0, int(x) - 2) : int(x) + 3]
        assert middle.max() > 100
    assert str(len(lines)) in reply.text


def test_a_tower_has_long_upright_lines() -> None:
    lines = ask("detect_lines", photo("rocket"), threshold=0.3, min_length=0.3).data["lines"]
    upright = [line for line in lines if abs(line["ends"][0] - line["ends"][2]) < 0.2 * line["length"]]
    assert len(upright) > len(lines) / 2


def test_arguments_leave_out_the_weak_and_the_short() -> None:
    image = photo("astronaut")
    every = ask("detect_lines", image).data["lines"]
    strong = ask("detect_lines", image, threshold=0.5).data["lines"]
    long = ask("detect_lines", image, min_length=0.2).data["lines"]
    assert 0 < len(strong) < len(every)
    assert all(line["score"] >= 0.5 for line in strong)
    assert 0 < len(long) < len(every)
    assert all(line["length"] >= 0.2 * 512 - 0.1 for line in long)


def test_an_empty_picture_has_no_lines_and_the_text_says_what_to_try() -> None:
    reply = ask("detect_lines", np.full((300, 300, 3), 128, np.uint8))
    assert reply.data["lines"] == []
    assert reply.pictures["LINES"].max() == 0
    assert reply.text.startswith("No straight line found")


def test_a_batch_answers_as_its_rows_do_alone() -> None:
    images = [two_lines(), photo("astronaut"), photo("coffee")]
    answers = answer_requests(open_model("detect_lines"), [request(image) for image in images])
    assert [int(outputs(answer)["TIMES"][0, 2]) for answer in answers] == [3, 3, 3]
    for image, answer in zip(images, answers, strict=True):
        [together], alone = replies(answer), ask("detect_lines", image)
        assert len(together.data["lines"]) == len(alone.data["lines"])
        for one, other in zip(together.data["lines"], alone.data["lines"], strict=True):
            assert one["ends"] == pytest.approx(other["ends"], abs=0.2)
            assert one["score"] == pytest.approx(other["score"], abs=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_size_is_answered_in_its_own_size(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    assert ask("detect_lines", image, threshold=0.0, min_length=0.0).pictures["LINES"].shape == (*size, 1)


@pytest.mark.parametrize("wrong", [{"threshold": 1.5}, {"threshold": float("nan")}, {"min_length": -0.1}])
def test_wrong_arguments_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(wrong)).upper()):
        ask("detect_lines", two_lines(), **wrong)
