"""Requests that come together are answered together, each as if it were alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sample_models import Brighten, TextLength

from visgate_server.batching import Answer, answer_requests
from visgate_server.errors import InvalidArgumentError, ModelFaultError

Request = dict[str, NDArray[Any]]


def request(value: int, *, amount: int = 10, mood: str = "plain", size: tuple[int, int] = (4, 6)) -> Request:
    return {
        "IMAGE": np.full((1, *size, 3), value, np.uint8),
        "AMOUNT": np.array([[amount]], np.int32),
        "MOOD": np.array([[mood.encode()]], object),
        "OPERATION": np.array([[b"add"]], object),
    }


def pixel(answer: Answer) -> int:
    assert isinstance(answer, dict), answer
    values = np.unique(answer["PICTURE"])
    assert len(values) == 1
    return int(values[0])


def test_requests_of_one_size_share_one_run() -> None:
    model = Brighten()
    answers = answer_requests(model, [request(value) for value in (1, 2, 3)])
    assert model.runs == [3]
    assert [pixel(answer) for answer in answers] == [11, 12, 13]


def test_sizes_are_grouped_and_answers_keep_their_order() -> None:
    model = Brighten()
    answers = answer_requests(model, [request(1), request(2, size=(8, 8)), request(3), request(4, size=(8, 8))])
    assert sorted(model.runs) == [2, 2]
    assert [pixel(answer) for answer in answers] == [11, 12, 13, 14]
    assert isinstance(answers[1], dict)
    assert answers[1]["PICTURE"].shape == (1, 8, 8, 3)


def test_no_run_is_larger_than_the_model_allows() -> None:
    model = Brighten()
    answers = answer_requests(model, [request(value) for value in range(6)])
    assert model.runs == [4, 2]
    assert [pixel(answer) for answer in answers] == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize(
    ("mood", "error", "words"),
    [("refuse", InvalidArgumentError, "choose another"), ("crash", ModelFaultError, "RuntimeError: the preparation")],
)
def test_a_request_that_cannot_be_prepared_fails_alone(mood: str, error: type[Exception], words: str) -> None:
    first, second, third = answer_requests(Brighten(), [request(1), request(2, mood=mood), request(3)])
    assert isinstance(second, error)
    assert words in str(second)
    assert (pixel(first), pixel(third)) == (11, 13)


def test_a_row_that_breaks_the_network_fails_alone() -> None:
    first, poison, third = answer_requests(Brighten(), [request(1), request(255), request(3)])
    assert isinstance(poison, ModelFaultError)
    assert "choked on 255" in str(poison)
    assert (pixel(first), pixel(third)) == (11, 13)


def test_a_request_of_several_rows_gets_its_rows_back() -> None:
    rows = {
        "IMAGE": np.stack([np.full((4, 6, 3), value, np.uint8) for value in (1, 2)]),
        "AMOUNT": np.array([[10], [20]], np.int32),
    }
    (answer,) = answer_requests(Brighten(), [rows])
    assert isinstance(answer, dict)
    assert [int(row.flat[0]) for row in answer["PICTURE"]] == [11, 22]
    assert answer["TEXT"].tolist() == [[b"brighter by 10"], [b"brighter by 20"]]
    assert answer["TIMES"].shape == (2, 3)


def test_data_is_json_and_times_tell_the_batch() -> None:
    answers = answer_requests(Brighten(), [request(1), request(2)])
    for answer, mean in zip(answers, (11.0, 12.0), strict=True):
        assert isinstance(answer, dict)
        assert json.loads(answer["DATA"][0, 0]) == {"mean": mean, "mood": "plain"}
        started_ns, compute_ns, batch_rows = answer["TIMES"][0]
        assert started_ns > 1_600_000_000_000_000_000
        assert compute_ns > 0
        assert batch_rows == 2


def test_absent_inputs_take_their_defaults() -> None:
    (answer,) = answer_requests(Brighten(), [{"IMAGE": np.full((1, 4, 4, 3), 7, np.uint8)}])
    assert pixel(answer) == 17


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AMOUNT": np.array([[256]], np.int32)}, "AMOUNT is 256; it must be from 0 to 255"),
        ({"AMOUNT": np.array([[-1]], np.int32)}, "AMOUNT is -1"),
        ({"AMOUNT": np.array([[1], [2]], np.int32)}, "same number of rows"),
        ({"AMOUNT": np.array([[1, 2]], np.int32)}, "shape [1, 1]"),
        ({"MOOD": np.array([[b"sad"]], object)}, "one of plain, refuse, crash"),
        ({"MOOD": np.array([[b"\xff"]], object)}, "not UTF-8"),
        ({"IMAGE": np.zeros((1, 0, 6, 3), np.uint8)}, "empty picture"),
        ({"IMAGE": np.zeros((1, 4, 6, 4), np.uint8)}, "UINT8 [rows, height, width, 3]"),
        ({"IMAGE": np.zeros((1, 4, 6, 3), np.float32)}, "float32"),
        ({"IMAGE": np.zeros((1, 101, 100, 3), np.uint8)}, "at most 10000"),
        ({"IMAGE": np.zeros((0, 4, 6, 3), np.uint8)}, "at least one"),
    ],
)
def test_a_bad_input_is_refused_with_what_to_do_and_alone(change: Request, words: str) -> None:
    good, bad = answer_requests(Brighten(), [request(1), request(2) | change])
    assert isinstance(bad, InvalidArgumentError)
    assert words in str(bad)
    assert pixel(good) == 11


def test_a_missing_picture_is_named() -> None:
    missing = {name: value for name, value in request(1).items() if name != "IMAGE"}
    (answer,) = answer_requests(Brighten(), [missing])
    assert isinstance(answer, InvalidArgumentError)
    assert "input IMAGE is missing" in str(answer)


def test_a_model_without_tools_answers_plain_tensors() -> None:
    texts = [{"TEXT": np.array([[text.encode()]], object)} for text in ("cat", "a dog", "crêpe")]
    answers = answer_requests(TextLength(), texts)
    assert [answer["LENGTH"].tolist() for answer in answers if isinstance(answer, dict)] == [[[3]], [[5]], [[5]]]
