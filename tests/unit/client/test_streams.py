"""Tools that tell their progress, on both clients: what is sent, what comes out of the loop, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    DeadlineError,
    Progress,
    Retries,
    ServerBusyError,
    ServerError,
    ServerLostError,
    ToolResult,
    UnknownModelError,
    VisgateError,
)

from .conftest import AwaitedTriton, MemoryTriton, RpcFailure, streaming_tool_entry

PROGRESS = {"PROGRESS": np.array([[1, 3]], np.int32)}


@pytest.fixture
def triton() -> MemoryTriton:
    server = MemoryTriton()
    server.tools["painter"] = [streaming_tool_entry()]
    return server


def failing(*responses: dict[str, np.ndarray] | str | Exception) -> Callable[[Any], Iterator[Any]]:
    """A model that sends some responses, the last of which is what goes wrong."""
    return lambda _: iter(responses)


def failure(code: str, details: str) -> RpcFailure:
    return RpcFailure(grpc.StatusCode[code], details)


def test_progress_comes_first_and_the_result_last(client: Any, triton: Any) -> None:
    *progress, result = client.stream("draw", prompt="a cat", steps=4)
    assert [(item.step, item.of) for item in progress] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [item.preview is not None for item in progress] == [False, True, False, True]
    assert progress[1].preview.tolist() == [[[2] * 3] * 2] * 2
    assert progress[1].image.size == (2, 2)
    assert progress[0].image is None
    assert not progress[1].preview.flags.writeable
    assert isinstance(result, ToolResult)
    assert (result.tool, result.text, result.data) == ("draw", "drew a cat", {"seed": 7})
    assert list(result.arrays) == ["picture"], "a preview is no picture of the result"
    assert (result.times.compute_ms, result.times.batch_size, result.times.cached) == (2.5, 4, False)


def test_whoever_streams_asks_for_progress_and_whoever_calls_does_not(client: Any, triton: Any) -> None:
    list(client.stream("draw", prompt="a cat"))
    watched = triton.last("ModelStreamInfer")
    assert triton.inputs(watched) == {"PROMPT": "a cat", "STEPS": 3, "PREVIEW_EVERY": 2}
    assert [item.name for item in watched.outputs] == ["PICTURE", "TEXT", "DATA", "TIMES", "PROGRESS", "PREVIEW"]
    result = client.call("draw", prompt="a dog")
    called = triton.last("ModelStreamInfer")
    assert triton.inputs(called) == {"PROMPT": "a dog", "STEPS": 3, "PREVIEW_EVERY": 0}
    assert [item.name for item in called.outputs] == ["PICTURE", "TEXT", "DATA", "TIMES"]
    assert result.text == "drew a dog"
    assert "ModelInfer" not in triton.methods()


def test_a_call_passes_over_progress_that_it_did_not_ask_for(client: Any, triton: Any) -> None:
    draw = triton.drawing
    triton.drawing = lambda request: iter([PROGRESS, *draw(request)])
    assert client.call("draw", prompt="a cat").text == "drew a cat"


def test_a_tool_that_does_not_stream_gives_its_result_alone(client: Any, triton: Any, picture: np.ndarray) -> None:
    (result,) = client.stream("blend", image=picture)
    np.testing.assert_array_equal(result.arrays["picture"], 255 - picture)
    assert "ModelStreamInfer" not in triton.methods()


def test_which_tools_stream_is_told(client: Any) -> None:
    assert {tool.name: tool.streams for tool in client.tools()} == {"blend": False, "draw": True}


def test_the_one_server_is_not_asked_whether_it_is_ready(client: Any, triton: Any) -> None:
    list(client.stream("draw", prompt="a cat", steps=2))
    assert "ServerReady" not in triton.methods()


def test_nothing_is_sent_before_the_first_item_is_asked_for(client: Any, triton: Any) -> None:
    items = client.stream("draw", prompt="a cat")
    assert not triton.sent
    next(items)
    assert "ModelStreamInfer" in triton.methods()
    items.close()


def test_responses_are_taken_one_by_one(client: Any, triton: Any) -> None:
    """Or a caller that takes its time would fill its memory with what the server sends meanwhile."""
    items = client.stream("draw", prompt="a cat", steps=50)
    for taken in range(1, 4):
        next(items)
        assert triton.streams[0].received == taken
    items.close()


def test_a_stream_that_was_read_to_its_end_is_not_cancelled(client: Any, triton: Any) -> None:
    list(client.stream("draw", prompt="a cat"))
    client.call("draw", prompt="a cat")
    assert [stream.cancelled for stream in triton.streams] == [False, False]
    assert all(stream.ended for stream in triton.streams)


def test_leaving_the_loop_cancels(client: Any, triton: Any) -> None:
    for item in client.stream("draw", prompt="a cat"):
        assert item.step == 1
        break
    assert triton.streams[0].cancelled


def test_closing_the_generator_cancels(client: Any, triton: Any) -> None:
    items = client.stream("draw", prompt="a cat")
    next(items)
    assert not triton.streams[0].cancelled
    items.close()
    assert triton.streams[0].cancelled


def test_an_error_in_the_loop_cancels(client: Any, triton: Any) -> None:
    def fail_at_the_second() -> None:
        for item in client.stream("draw", prompt="a cat"):
            if item.step == 2:
                raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        fail_at_the_second()
    assert triton.streams[0].cancelled


async def test_leaving_an_asynchronous_loop_cancels_soon(triton: Any) -> None:
    async with AsyncVisionClient(transport=AwaitedTriton(triton)) as client:
        async for item in client.stream("draw", prompt="a cat"):
            assert isinstance(item, Progress)
            break
        async with asyncio.timeout(60):
            while not triton.streams[0].cancelled:
                await asyncio.sleep(0)


async def test_cancelling_the_task_cancels(triton: Any) -> None:
    triton.drawing = lambda _: iter([PROGRESS] * 1_000_000)
    seen = asyncio.Event()

    async def watch() -> None:
        async for _ in client.stream("draw", prompt="a cat"):
            seen.set()

    async with AsyncVisionClient(transport=AwaitedTriton(triton)) as client:
        task = asyncio.create_task(watch())
        await seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert triton.streams[0].cancelled


async def test_many_streams_of_one_client_keep_apart(triton: Any) -> None:
    async with AsyncVisionClient(transport=AwaitedTriton(triton)) as client:

        async def draw(number: int) -> list[Any]:
            return [item async for item in client.stream("draw", prompt=f"cat {number}", steps=number)]

        drawn = await asyncio.gather(*map(draw, range(1, 20)))
    for number, (*progress, result) in enumerate(drawn, start=1):
        assert [item.step for item in progress] == list(range(1, number + 1))
        assert result.text == f"drew cat {number}"


# --- errors ---

CODES = [
    (failure("INVALID_ARGUMENT", "STEPS is 0: give 1 or more"), ArgumentError, "STEPS is 0"),
    (failure("UNAVAILABLE", "Exceeds maximum queue size"), ServerBusyError, "full queue"),
    (failure("INTERNAL", "model painter: out of paint"), ServerError, "^model painter failed: out of paint"),
    (failure("UNAVAILABLE", "Stream removed (Socket closed)"), ServerLostError, "went away"),
    (failure("DEADLINE_EXCEEDED", "Deadline Exceeded"), DeadlineError, r"model painter .* within 2\.5 s"),
    ("[request id: 3] Exceeds maximum queue size", ServerBusyError, "full queue"),
    ("Request timeout expired", ServerBusyError, "in the queue"),
    ("unexpected inference input 'NOPE' for model 'painter'", ArgumentError, "'NOPE'"),
    ("model painter: out of paint", ServerError, "^model painter failed: out of paint"),
    ("Server is stopping, scheduler for model has stopped accepting", ServerLostError, "went away"),
    ("Stub process 'painter_0_0' is not healthy.", ServerError, "not healthy"),
]
"""As gRPC codes, which models' errors have, and as texts, which Triton's own have; tried on 2.51."""


@pytest.mark.parametrize("when", ["before the first response", "after progress"])
@pytest.mark.parametrize("how", ["stream", "call"])
@pytest.mark.parametrize(("wrong", "kind", "words"), CODES)
def test_each_failure_of_a_stream_has_its_class(
    make_client: Any, triton: Any, when: str, how: str, wrong: str | Exception, kind: type[VisgateError], words: str
) -> None:
    client = make_client(retries=Retries(attempts=1))
    triton.drawing = failing(*([PROGRESS] if when == "after progress" else []), wrong)
    draw = client.call if how == "call" else lambda *args, **given: list(client.stream(*args, **given))
    with pytest.raises(VisgateError, match=words) as error:
        draw("draw", prompt="a cat", timeout=2.5)
    assert type(error.value) is kind
    if kind is ServerError:
        assert error.value.model == "painter"  # type: ignore[attr-defined]
    assert triton.methods().count("ModelStreamInfer") == 1, "it may have run: it is not sent again"


def test_progress_that_came_before_an_error_is_delivered(client: Any, triton: Any) -> None:
    triton.drawing = failing(PROGRESS, failure("INTERNAL", "model painter: out of paint"))
    items = client.stream("draw", prompt="a cat")
    assert next(items) == Progress(1, 3)
    with pytest.raises(ServerError):
        next(items)
    with pytest.raises(StopIteration):
        next(items)


def test_a_model_that_vanished_is_looked_for_once_more(client: Any, triton: Any) -> None:
    """Triton says so in words alone, whatever was asked for."""
    client.tools()
    draw = triton.drawing
    triton.drawing = failing("Request for unknown model: 'painter' is not found")
    with pytest.raises(UnknownModelError) as error:
        client.call("draw", prompt="a cat")
    assert error.value.model == "painter"
    assert triton.methods().count("ModelStreamInfer") == 2
    del triton.tools["painter"]
    triton.tools["artist"], triton.decoupled = [streaming_tool_entry()], {"artist"}
    triton.drawing = lambda request: draw(request) if request.model_name == "artist" else iter(["unknown model"])
    *_, result = client.stream("draw", prompt="a cat")
    assert result.text == "drew a cat"


def test_a_lost_server_costs_the_memory_of_its_tools(client: Any, triton: Any) -> None:
    triton.drawing = failing(failure("UNAVAILABLE", "Stream removed (Socket closed)"))
    with pytest.raises(ServerLostError):
        client.call("draw", prompt="a cat")
    triton.drawing = triton.draw
    client.call("draw", prompt="a cat")
    assert triton.methods().count("RepositoryIndex") == 2


def test_a_wrong_argument_opens_no_stream(client: Any, triton: Any) -> None:
    with pytest.raises(ArgumentError, match="prompt"):
        next(client.stream("draw"))
    assert "ModelStreamInfer" not in triton.methods()


BROKEN: dict[str, tuple[list[dict[str, np.ndarray]], str]] = {
    "nothing": ([], "without a result"),
    "progress alone": ([PROGRESS], "without a result"),
    "progress of one number": ([{"PROGRESS": np.array([[1]], np.int32)}], "PROGRESS"),
    "progress as text": ([{"PROGRESS": np.array([[b"1", b"3"]], dtype=np.object_)}], "PROGRESS"),
    "a flat preview": ([PROGRESS | {"PREVIEW": np.zeros((1, 4, 4), np.uint8)}], "PREVIEW"),
    "a result without its picture": ([{"TEXT": np.array([[b"x"]], dtype=np.object_)}], "PICTURE"),
}


@pytest.mark.parametrize(("responses", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_stream_that_breaks_the_contract_is_the_servers_fault(
    client: Any, triton: Any, responses: list[dict[str, np.ndarray]], words: str
) -> None:
    triton.drawing = failing(*responses)
    with pytest.raises(ServerError, match=f"model painter broke the wire contract: .*{words}"):
        list(client.stream("draw", prompt="a cat"))


# --- time ---


def test_a_stream_has_the_calls_deadline(make_client: Callable[..., Any], triton: Any) -> None:
    client = make_client(timeout=30)
    for given, expected in ((None, 30), (5, 5), (float("inf"), None)):
        list(client.stream("draw", prompt="a cat", timeout=given))
        _, request, seconds = triton.sent[-1]
        if expected is None:
            assert seconds is None
            assert "timeout" not in request.parameters
        else:
            assert expected - 2 < seconds <= expected
            assert request.parameters["timeout"].int64_param == pytest.approx(seconds * 1e6, abs=50_000)
