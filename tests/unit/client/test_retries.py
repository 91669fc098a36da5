"""A call is made again where it cannot have run, while its time lasts, and never in a storm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from visgate_client import (
    ArgumentError,
    ConnectError,
    Progress,
    Retries,
    ServerBusyError,
    ServerLostError,
    ToolResult,
)
from visgate_client._retries import RetryBudget

from .conftest import RpcFailure, streaming_tool_entry

FULL = ("UNAVAILABLE", "Exceeds maximum queue size")
NOBODY = ("UNAVAILABLE", "failed to connect to all addresses; last error: Connection refused")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that clients paused for, which take no time but move the clock on."""
    paused: list[float] = []
    clock = [1000.0]
    really_sleep = asyncio.sleep

    def pause(seconds: float) -> None:
        if seconds:
            paused.append(seconds)
            clock[0] += seconds

    async def sleep(seconds: float) -> None:
        pause(seconds)
        await really_sleep(0)

    monkeypatch.setattr("visgate_client._steps.time.sleep", pause)
    monkeypatch.setattr("visgate_client._steps.asyncio.sleep", sleep)
    monkeypatch.setattr("visgate_client._deadline.time.monotonic", lambda: clock[0])
    return paused


def sent(triton: Any) -> int:
    return sum(method in ("ModelInfer", "ModelStreamInfer") for method in triton.methods())


def test_a_full_queue_is_tried_again_after_random_pauses(
    client: Any, triton: Any, picture: np.ndarray, pauses: list[float]
) -> None:
    for _ in range(3):
        triton.fail("ModelInfer", *FULL)
    np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert sent(triton) == 4
    assert len(pauses) == 3
    for pause, longest in zip(pauses, (0.1, 0.4, 1.0), strict=True):
        assert 0 < pause <= longest


def test_pauses_are_not_the_same_for_everybody(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, pauses: list[float]
) -> None:
    for _ in range(8):
        triton.fail("ModelInfer", *FULL)
        make_client(shared_memory=False).call("blend", image=picture)
    assert len(set(pauses)) == 8


def test_attempts_are_counted(make_client: Callable[..., Any], triton: Any, picture: np.ndarray) -> None:
    client = make_client(shared_memory=False, retries=Retries(attempts=2))
    for _ in range(3):
        triton.fail("ModelInfer", *FULL)
    with pytest.raises(ServerBusyError):
        client.call("blend", image=picture)
    assert sent(triton) == 2


def test_nothing_is_tried_again_when_the_time_is_up(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, pauses: list[float]
) -> None:
    client = make_client(shared_memory=False, retries=Retries(attempts=100, first_pause=0.5, longest_pause=0.5))
    for _ in range(100):
        triton.fail("ModelInfer", *FULL)
    client.tools()
    with pytest.raises(ServerBusyError):
        client.call("blend", image=picture, timeout=1.5)
    assert 1 <= len(pauses) < 99
    assert sum(pauses) < 1.5
    remaining = [seconds for method, _, seconds in triton.sent if method == "ModelInfer"]
    assert remaining == sorted(remaining, reverse=True), "each attempt has what is left of the call's time"


def test_a_server_that_restarts_is_waited_for_and_one_that_never_was_is_not(
    client: Any, triton: Any, picture: np.ndarray
) -> None:
    triton.fail("RepositoryIndex", *NOBODY)
    with pytest.raises(ConnectError):
        client.call("blend", image=picture)
    assert triton.methods() == ["RepositoryIndex"], "the address is wrong, more likely than not"
    client.call("blend", image=picture)
    triton.fail("ModelInfer", *NOBODY)
    triton.fail("ModelInfer", *NOBODY)
    assert client.call("blend", image=picture).tool == "blend"


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("UNAVAILABLE", "Stream removed (Socket closed)"),
        ("INTERNAL", "model mixer: broken"),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded"),
        ("INVALID_ARGUMENT", "input IMAGE is too dull"),
        ("UNIMPLEMENTED", ""),
        ("CANCELLED", "CANCELLED"),
    ],
)
def test_what_may_have_run_or_would_fail_again_is_not_tried_again(
    client: Any, triton: Any, picture: np.ndarray, code: str, details: str
) -> None:
    client.tools()
    triton.fail("ModelInfer", code, details)
    with pytest.raises(Exception, match=r"."):
        client.call("blend", image=picture)
    assert sent(triton) == 1


def test_a_storm_of_repetitions_cannot_start(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, pauses: list[float]
) -> None:
    client = make_client(shared_memory=False, retries=Retries(attempts=4, budget=5))
    for _ in range(200):
        triton.fail("ModelInfer", *FULL)
    for _ in range(20):
        with pytest.raises(ServerBusyError):
            client.call("blend", image=picture)
    assert sent(triton) == 20 + 5
    assert len(pauses) == 5
    triton.failures.clear()
    for _ in range(10):  # which give one repetition back
        client.call("blend", image=picture)
    triton.sent.clear()
    for _ in range(2):
        triton.fail("ModelInfer", *FULL)
    with pytest.raises(ServerBusyError):
        client.call("blend", image=picture)
    assert sent(triton) == 2


def test_a_budget_never_grows_beyond_its_size() -> None:
    budget = RetryBudget(2)
    for _ in range(100):
        budget.refund()
    assert [budget.take() for _ in range(3)] == [True, True, False]


def refused_first(triton: Any, responses: list[Any], failures: int) -> Callable[[Any], Iterator[Any]]:
    """Drawings of which the first few end in a full queue, after the responses given."""
    left = [failures]

    def drawing(request: Any) -> Iterator[Any]:
        if left[0]:
            left[0] -= 1
            yield from responses
            yield RpcFailure(grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")
        else:
            yield from triton.draw(request)

    return drawing


@pytest.fixture
def painter(triton: Any) -> Any:
    triton.tools["painter"] = [streaming_tool_entry()]
    return triton


def test_a_stream_is_opened_again_that_was_refused(client: Any, painter: Any) -> None:
    painter.drawing = refused_first(painter, [], 2)
    items = list(client.stream("draw", prompt="a cat"))
    assert [type(item) for item in items] == [Progress] * 3 + [ToolResult]
    assert len(painter.streams) == 3
    assert all(stream.ended for stream in painter.streams)


def test_a_stream_that_showed_progress_is_not_opened_again(client: Any, painter: Any) -> None:
    painter.drawing = refused_first(painter, [{"PROGRESS": np.array([[1, 3]], np.int32)}], 1)
    items = client.stream("draw", prompt="a cat")
    assert isinstance(next(items), Progress)
    with pytest.raises(ServerBusyError):
        next(items)
    assert len(painter.streams) == 1


def test_a_question_is_repeated_after_a_broken_connection(client: Any, triton: Any) -> None:
    triton.fail("RepositoryIndex", "UNAVAILABLE", "Stream removed (Socket closed)")
    assert client.tools()
    for _ in range(9):
        triton.fail("RepositoryIndex", "UNAVAILABLE", "Stream removed (Socket closed)")
    with pytest.raises(ServerLostError):
        client.tools(refresh=True)
    assert triton.methods().count("RepositoryIndex") == 2 + 4


def test_readiness_is_told_at_once(client: Any, triton: Any, pauses: list[float]) -> None:
    client.tools()
    triton.fail("ServerReady", *NOBODY)
    assert client.is_ready() is False
    assert not pauses


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_pause": -1}, {"longest_pause": -0.1}, {"budget": -1}])
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(ArgumentError, match=name) as error:
        Retries(**wrong)  # type: ignore[arg-type]
    assert error.value.path == f"retries.{name}"
