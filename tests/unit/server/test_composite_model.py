"""A composite model answers each request in a thread, counts those it takes, and gives up when nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sample_composite_model import CountingOften

from visgate_server.composite_model import AT_ONCE
from visgate_server.errors import ModelFaultError, QueueFullError, QueueTimeoutError, RequestCancelledError
from visgate_server.request_rows import read_rows
from visgate_server.response_tensors import Times
from visgate_server.tool_model import Image, ModelCall, ToolRequest, ToolResponse


class Counter:
    """In the place of Triton: counts at once, when it may."""

    def __init__(self) -> None:
        self.calls: list[ModelCall] = []
        self.may_count = threading.Event()
        self.may_count.set()
        self.trouble: Exception | None = None

    def __call__(self, calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        [call] = calls
        self.calls.append(call)
        assert self.may_count.wait(20)
        if self.trouble is not None:
            raise self.trouble
        number = int(call.inputs["NUMBER"][0, 0])
        if call.on_progress is not None:
            call.on_progress({"PROGRESS": np.array([[1, number]], np.int32)})
        data = np.array([[f'{{"number": {number}}}'.encode()]], np.object_)
        return [{"DATA": data, "PICTURE": np.full((1, 1, 1, 3), number, np.uint8)}]


class Stream:
    """One caller."""

    def __init__(self, queue_timeout_s: float = 60.0) -> None:
        self.queue_timeout_s = queue_timeout_s
        self.told: list[tuple[int, int]] = []
        self.ending: ToolResponse | Exception | None = None
        self.has_left = False
        self.ended = threading.Event()

    def progress(self, step: int, of: int, preview: Image | None) -> None:
        self.told.append((step, of))

    def finish(self, response: ToolResponse, times: Times) -> None:
        self.ending = response
        self.ended.set()

    def fail(self, error: Exception) -> None:
        self.ending = error
        self.ended.set()

    def is_cancelled(self) -> bool:
        return self.has_left

    def wait(self) -> ToolResponse | Exception | None:
        assert self.ended.wait(20)
        return self.ending


def request(number: int, **values: int) -> ToolRequest:
    tensors = {name.upper(): np.array([[value]], np.int32) for name, value in {"number": number, **values}.items()}
    [row] = read_rows(CountingOften.spec, tensors)
    return row


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def model(counter: Counter) -> CountingOften:
    made = CountingOften()
    made.setup(Path(), counter)
    return made


def test_a_chain_is_followed_to_its_end(model: CountingOften, counter: Counter) -> None:
    stream = Stream()
    model.start(request(5, times=3, preview_every=1), stream)
    ending = stream.wait()
    assert isinstance(ending, ToolResponse)
    assert ending.data == {"total": 15}
    assert stream.told == [(1, 15), (6, 15), (11, 15)]
    assert len(counter.calls) == 3


def test_progress_is_asked_for_only_by_who_wants_it(model: CountingOften, counter: Counter) -> None:
    stream = Stream()
    model.start(request(5), stream)
    stream.wait()
    assert [call.on_progress for call in counter.calls] == [None, None]


def test_so_many_are_worked_on_and_so_many_wait(model: CountingOften, counter: Counter) -> None:
    counter.may_count.clear()
    streams = [Stream() for _ in range(AT_ONCE + CountingOften.spec.max_queue_size)]
    for stream in streams:
        model.start(request(1, times=1), stream)
    with pytest.raises(
        QueueFullError, match=f"Exceeds maximum queue size: {AT_ONCE} requests are worked on and 2 wait"
    ):
        model.start(request(1), Stream())
    counter.may_count.set()
    assert all(isinstance(stream.wait(), ToolResponse) for stream in streams)
    late = Stream()
    model.start(request(1), late)
    assert isinstance(late.wait(), ToolResponse), "there is room again"


def test_who_waited_too_long_is_told(model: CountingOften, counter: Counter) -> None:
    stream = Stream(queue_timeout_s=-1.0)
    model.start(request(1), stream)
    assert isinstance(stream.wait(), QueueTimeoutError)
    assert counter.calls == []


def test_who_left_costs_nothing_more(model: CountingOften, counter: Counter) -> None:
    counter.may_count.clear()
    stream = Stream()
    model.start(request(1, times=9), stream)
    stream.has_left = True
    counter.may_count.set()
    assert isinstance(stream.wait(), RequestCancelledError)
    assert len(counter.calls) <= 1


def test_a_part_that_fails_fails_the_request_and_nothing_else(model: CountingOften, counter: Counter) -> None:
    counter.trouble = ModelFaultError("counting is ill")
    stream = Stream()
    model.start(request(1), stream)
    assert stream.wait() is counter.trouble
    counter.trouble = None
    again = Stream()
    model.start(request(1), again)
    assert isinstance(again.wait(), ToolResponse)


def test_the_loop_ends_when_it_is_stopped(model: CountingOften) -> None:
    loop = threading.Thread(target=model.run_forever, daemon=True)
    loop.start()
    model.stop()
    loop.join(20)
    assert not loop.is_alive()
