"""A streaming model answers everybody, once, in order, whatever happens to its loop or to those who wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sample_stream_model import Counting
from stream_caller import Caller

from visgate_server.errors import (
    InvalidArgumentError,
    ModelFaultError,
    QueueFullError,
    RequestCancelledError,
    ServerStoppingError,
)
from visgate_server.open_response import MAX_WAITING_PROGRESS, OpenResponse
from visgate_server.response_tensors import Times
from visgate_server.stream_server import StreamServer
from visgate_server.tool_model import ToolResponse

Tensors = dict[str, NDArray[Any]]


def count_up(number: int, **values: float | int | str) -> Tensors:
    tensors: Tensors = {"NUMBER": np.array([[number]], np.int32)}
    for name, value in values.items():
        kind = {str: np.object_, int: np.int32, float: np.float32}[type(value)]
        tensors[name.upper()] = np.array([[value.encode() if isinstance(value, str) else value]], kind)
    return tensors


def call_nobody(calls: Any) -> list[dict[str, NDArray[Any]]]:
    raise AssertionError(f"this model calls no other, and not {calls}")


@pytest.fixture
def troubles() -> list[Exception]:
    return []


@pytest.fixture
def server(troubles: list[Exception]) -> Iterator[StreamServer]:
    model = Counting()
    model.setup(Path(), call_nobody)
    stream_server = StreamServer(model, troubles.append)
    yield stream_server
    stream_server.close()


def asked(server: StreamServer, tensors: Tensors, queue_timeout_us: int = 0) -> Caller:
    caller = Caller()
    server.accept(tensors, caller, queue_timeout_us)
    return caller


def wait_until_empty(server: StreamServer) -> None:
    deadline = time.monotonic() + 5
    while server.open_count:
        assert time.monotonic() < deadline, f"{server.open_count} requests are still open"
        time.sleep(0.005)


def test_progress_comes_at_every_step_and_previews_at_every_nth_before_the_result(server: StreamServer) -> None:
    caller = asked(server, count_up(7, preview_every=3, seconds=0.01))
    ending = caller.ending()
    assert isinstance(ending, Mapping)
    assert [response["PROGRESS"].tolist() for response in caller.received] == [[[step, 7]] for step in range(1, 7)]
    assert [int(response["PREVIEW"][0, 0, 0, 0]) for response in caller.received if "PREVIEW" in response] == [3, 6]
    assert set(ending) == {"PICTURE", "TEXT", "DATA", "TIMES"}
    assert ending["PICTURE"].tolist() == [[[[7, 7, 7]]]]
    assert ending["TEXT"][0, 0] == b"counted to 7"


def test_without_preview_every_there_is_the_result_alone(server: StreamServer) -> None:
    caller = asked(server, count_up(5))
    assert caller.data()["number"] == 5
    assert caller.received == []


def test_each_caller_gets_its_own_answer_once(server: StreamServer) -> None:
    callers = {number: asked(server, count_up(number, preview_every=1)) for number in (3, 9, 5)}
    for number, caller in callers.items():
        assert caller.data()["number"] == number
        assert {response["PROGRESS"][0, 1] for response in caller.received} <= {number}
    wait_until_empty(server)
    assert all(len(caller.endings) == 1 for caller in callers.values())


def test_a_bad_request_fails_alone(server: StreamServer) -> None:
    good = asked(server, count_up(20, seconds=0.005))
    bad = {
        "MOOD": asked(server, count_up(5, mood="sad")),
        "refuses": asked(server, count_up(5, mood="refuse")),
        "NUMBER is missing": asked(server, {"MOOD": np.array([[b"plain"]], np.object_)}),
        "NUMBER is 0": asked(server, count_up(0)),
        "PREVIEW_EVERY": asked(server, count_up(5, preview_every=-1)),
        "2 rows": asked(server, {"NUMBER": np.array([[1], [2]], np.int32)}),
    }
    for words, caller in bad.items():
        error = caller.error()
        assert isinstance(error, InvalidArgumentError)
        assert words in str(error)
    assert good.data()["number"] == 20


def test_a_picture_is_asked_for_by_the_tool_that_takes_one_and_by_no_other(server: StreamServer) -> None:
    operation = {"OPERATION": np.array([[b"pixels"]], np.object_)}
    assert "IMAGE is missing" in str(asked(server, operation).error())
    assert asked(server, operation | {"IMAGE": np.zeros((1, 3, 4, 3), np.uint8)}).data()["number"] == 12
    assert asked(server, count_up(2)).data()["number"] == 2


def test_more_than_the_queue_holds_is_refused_and_the_rest_goes_on(server: StreamServer) -> None:
    taken = [asked(server, count_up(10, seconds=0.01)) for _ in range(Counting.MOST)]
    assert isinstance(asked(server, count_up(1)).error(), QueueFullError)
    assert [caller.data()["number"] for caller in taken] == [10] * Counting.MOST


def test_a_cancelled_request_leaves_at_the_next_step(server: StreamServer) -> None:
    leaving = asked(server, count_up(10_000, seconds=0.02, preview_every=1))
    leaving.wait_for_progress(3)
    leaving.has_left = True
    assert isinstance(leaving.error(), RequestCancelledError)
    seen = len(leaving.received)
    assert asked(server, count_up(1)).data()["steps_of_all"] <= seen + 2
    assert len(leaving.received) == seen


def test_a_caller_who_cannot_be_reached_leaves_and_keeps_nobody(
    server: StreamServer, troubles: list[Exception]
) -> None:
    deaf = Caller()
    deaf.is_deaf = True
    server.accept(count_up(10_000, seconds=0.005, preview_every=1), deaf)
    assert asked(server, count_up(10, preview_every=1)).data()["number"] == 10
    wait_until_empty(server)
    assert [type(trouble) for trouble in troubles] == [ConnectionError]
    assert asked(server, count_up(1)).data()["steps_of_all"] < 100


def test_a_loop_that_dies_answers_everybody_and_refuses_whoever_comes_later(
    server: StreamServer, troubles: list[Exception]
) -> None:
    waiting = [asked(server, count_up(1000, seconds=0.01)) for _ in range(2)]
    breaking = asked(server, count_up(3, mood="break"))
    for caller in (*waiting, breaking, asked(server, count_up(1))):
        error = caller.error()
        assert isinstance(error, ModelFaultError)
        assert "it lost count" in str(error)
        assert "started again" in str(error)
    wait_until_empty(server)
    [trouble] = troubles
    assert isinstance(trouble.__cause__, RuntimeError), "the log gets where it happened"


def test_closing_tells_whoever_waits(server: StreamServer) -> None:
    waiting = asked(server, count_up(10_000, seconds=0.01, preview_every=1))
    waiting.wait_for_progress(2)
    server.close()
    assert isinstance(waiting.endings[0], ServerStoppingError)
    assert server.open_count == 0
    assert [thread.name for thread in threading.enumerate() if "counting" in thread.name] == []


@pytest.mark.parametrize(("asked_for", "given"), [(0, 60.0), (1_500_000, 1.5), (90_000_000, 60.0)])
def test_a_caller_may_shorten_its_wait_in_the_queue(server: StreamServer, asked_for: int, given: float) -> None:
    assert asked(server, count_up(1), asked_for).data()["queue_timeout_s"] == given


def test_progress_that_cannot_be_sent_in_time_is_thinned_out_but_its_preview_is_kept() -> None:
    caller = Caller()
    response = OpenResponse(caller, lambda _: None, 1.0)
    previews = {2: np.full((1, 1, 3), 2, np.uint8), 4: np.full((1, 1, 3), 4, np.uint8)}
    steps = MAX_WAITING_PROGRESS + 5
    for step in range(1, steps + 1):
        response.progress(step, steps, previews.get(step))
    response.finish(ToolResponse("done", {}), Times(0, 0, 1))
    assert response.deliver()
    assert [int(each["PROGRESS"][0, 0]) for each in caller.received] == list(range(6, steps + 1))
    assert caller.received[0]["PREVIEW"].tolist() == [[[[4, 4, 4]]]]
    assert not response.deliver(), "the last response goes out once"
    assert len(caller.endings) == 1


def test_what_comes_after_the_end_is_dropped() -> None:
    caller = Caller()
    response = OpenResponse(caller, lambda _: None, 1.0)
    response.progress(1, 2, None)
    response.fail(RuntimeError("first"))
    response.finish(ToolResponse("too late", {}), Times(0, 0, 1))
    response.fail(RuntimeError("second"))
    response.progress(2, 2, None)
    assert response.is_cancelled()
    assert response.deliver()
    assert caller.received == [], "progress is of no use to whom an error awaits"
    assert "RuntimeError: first" in str(caller.error())


def test_a_result_that_cannot_be_encoded_becomes_an_error() -> None:
    caller = Caller()
    response = OpenResponse(caller, lambda _: None, 1.0)
    response.finish(ToolResponse("not a number", {"score": float("nan")}), Times(0, 0, 1))
    response.deliver()
    assert isinstance(caller.error(), ModelFaultError)
