"""Both clients on a real Triton's decoupled models: progress, cancellation, deadlines, faults, many streams at once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    CallCancelledError,
    ConnectError,
    DeadlineError,
    Progress,
    ServerBusyError,
    ServerError,
    ServerLostError,
    Tool,
    ToolResult,
    UnknownModelError,
    VisgateError,
    VisionClient,
)
from visgate_client._call_context import CallContext
from visgate_client._core import ToolCall
from visgate_client._deadline import Deadline
from visgate_client._steps import run
from visgate_server.embedded import EmbeddedServer

UntilNoted = Callable[[str], None]

LONG = {"count": 2000, "seconds": 0.05}
"""Steps for a hundred seconds, which no test waits for."""


class AwaitedClient:
    """An `AsyncVisionClient` that is called like a `VisionClient`, so that one test serves both."""

    def __init__(self, address: str, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._runner.get_loop()
        self._client = AsyncVisionClient(address, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        async def call(*args: Any, **options: Any) -> Any:
            return await method(*args, **options)

        return lambda *args, **options: self._runner.run(call(*args, **options))

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        items = self._client.stream(*args, **options)

        async def following() -> Any:
            return await anext(items, None)

        try:
            while (item := self._runner.run(following())) is not None:
                yield item
        finally:
            self._runner.run(items.aclose())

    def __enter__(self) -> AwaitedClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.close())
        self._runner.close()


@pytest.fixture(params=[VisionClient, AwaitedClient], ids=["blocking", "asyncio"])
def face(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a client of either face."""
    return request.param


@pytest.fixture
def client(face: Callable[..., Any], server) -> Iterator[Any]:
    with face(server.address, timeout=60) as made:
        yield made


@pytest.fixture
def label(request: pytest.FixtureRequest) -> str:
    """What the test's own calls are called in the model's notes."""
    return f"<{request.node.name}>"


def noted(notes: Path, words: str) -> bool:
    return notes.exists() and words in notes.read_text()


def test_progress_comes_as_it_is_made_and_the_result_last(client: Any, label: str) -> None:
    *progress, result = client.stream("count_steps", count=5, label=label)
    assert [(item.step, item.of) for item in progress] == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert [None if item.preview is None else item.preview[0, 0, 0] for item in progress] == [None, 2, None, 4, None]
    assert isinstance(result, ToolResult)
    assert result.text == f"counted 5 for {label}"
    assert result.data == {"preview_every": 2}
    assert result.times.cached is False
    assert result.times.batch_size == 1


def test_progress_does_not_wait_for_the_result(client: Any, notes: Path, label: str) -> None:
    for item in client.stream("count_steps", count=40, seconds=0.05, label=label):
        if item.step == 1:
            assert not noted(notes, f"{label} finished")
            break


def test_a_call_waits_for_the_result_alone(client: Any, label: str) -> None:
    result = client.call("count_steps", count=5, label=label)
    assert (result.text, result.data) == (f"counted 5 for {label}", {"preview_every": 0})


def test_pictures_go_to_streaming_tools_too(client: Any, photo: np.ndarray) -> None:
    for _ in range(3):
        result = client.call("count_steps", image=photo)
        np.testing.assert_array_equal(result.arrays["picture"], 255 - photo)
    *_, last = client.stream("count_steps", image=result.arrays["picture"])
    np.testing.assert_array_equal(last.arrays["picture"], photo)
    assert "picture" not in client.call("count_steps").arrays


def test_a_tool_that_does_not_stream_gives_its_result_alone(client: Any, photo: np.ndarray) -> None:
    (result,) = client.stream("invert", image=photo)
    np.testing.assert_array_equal(result.arrays["picture"], 255 - photo)


# --- leaving early ---


def test_leaving_the_loop_cancels_in_the_server(client: Any, until_noted: UntilNoted, label: str) -> None:
    for item in client.stream("count_steps", label=label, **LONG):
        if item.step == 2:
            break
    until_noted(f"{label} cancelled")
    assert client.call("count_steps", label=label).text == f"counted 3 for {label}"


def test_a_model_that_ignores_the_cancellation_holds_nobody_up(
    client: Any, notes: Path, until_noted: UntilNoted, label: str
) -> None:
    for _ in client.stream("ignore_steps", label=label, count=60, seconds=0.05):
        break
    assert client.call("count_steps", label="another").text == "counted 3 for another"
    until_noted(f"{label} finished")
    assert not noted(notes, f"{label} cancelled")
    assert client.call("count_steps", label="another").text == "counted 3 for another"


async def test_cancelling_the_task_cancels_in_the_server(server, until_noted: UntilNoted, label: str) -> None:
    async with AsyncVisionClient(server.address, timeout=60) as client:
        begun = asyncio.Event()

        async def watch() -> None:
            async for _ in client.stream("count_steps", label=label, **LONG):
                begun.set()

        for call in (watch(), client.call("count_steps", label=f"{label} called", **LONG)):
            task = asyncio.create_task(call)
            await asyncio.wait_for(begun.wait(), 60)
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.to_thread(until_noted, f"{label} cancelled")
        await asyncio.to_thread(until_noted, f"{label} called cancelled")
        assert (await client.call("count_steps", label=label)).text == f"counted 3 for {label}"


def test_closing_the_client_ends_its_streams(server, until_noted: UntilNoted, label: str) -> None:
    client = VisionClient(server.address, timeout=60)
    items = client.stream("count_steps", label=label, **LONG)
    next(items)
    threading.Timer(0.2, client.close).start()
    with pytest.raises(CallCancelledError, match="client was closed"):
        list(items)
    until_noted(f"{label} cancelled")


async def test_closing_the_asyncio_client_ends_its_streams_and_calls(
    server, until_noted: UntilNoted, label: str
) -> None:
    client = AsyncVisionClient(server.address, timeout=60)
    await client.tools()
    begun = asyncio.Event()

    async def watch() -> None:
        async for _ in client.stream("count_steps", label=label, **LONG):
            begun.set()

    calls = client.call("count_steps", **LONG), client.infer("probe", slow_inputs())
    tasks = [asyncio.create_task(each) for each in (watch(), *calls)]
    await asyncio.wait_for(begun.wait(), 60)
    await asyncio.sleep(0.3)
    await client.close()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in ended] == [CallCancelledError] * 3
    await asyncio.to_thread(until_noted, f"{label} cancelled")


def slow_inputs() -> dict[str, np.ndarray]:
    return {"IMAGE": np.zeros((1, 2, 2, 3), np.uint8), "SECONDS": np.array([[3]], np.float32)}


# --- faults ---


def test_time_that_runs_out_ends_the_stream_and_the_work(client: Any, until_noted: UntilNoted, label: str) -> None:
    client.tools()
    items = client.stream("count_steps", label=label, timeout=2, **LONG)
    assert next(items).step == 1
    with pytest.raises(DeadlineError, match=r"model stepper .* within 2 s"):
        list(items)
    until_noted(f"{label} cancelled")
    with pytest.raises(DeadlineError, match=r"within 0\.5 s"):
        client.call("count_steps", timeout=0.5, **LONG)


def test_errors_before_the_first_response_have_their_classes(client: Any) -> None:
    for how in (client.call, lambda name: list(client.stream(name))):
        with pytest.raises(ArgumentError, match="COUNT is too dull"):
            how("refuse_steps")
        with pytest.raises(ServerBusyError, match="model stepper"):
            how("busy_steps")
    with pytest.raises(ArgumentError, match=r"arguments\.count"):
        list(client.stream("count_steps", count="many"))


def test_a_model_that_fails_midway_has_told_its_progress(client: Any) -> None:
    items = client.stream("fail_steps", count=5)
    assert [next(items).step, next(items).step] == [1, 2]
    with pytest.raises(ServerError, match=r"^model stepper failed: the network exploded") as error:
        next(items)
    assert error.value.model == "stepper"
    with pytest.raises(ServerError, match="the network exploded"):
        client.call("fail_steps", count=5)
    assert client.call("count_steps").text == "counted 3 for "


def test_a_stream_without_a_result_is_the_models_fault(client: Any) -> None:
    with pytest.raises(ServerError, match=r"^model stepper broke the wire contract: .*without a result"):
        list(client.stream("stop_steps"))


def test_a_model_that_crashes_midway_costs_the_time_given_and_no_more(face: Callable[..., Any], server) -> None:
    """Triton 2.51 neither ends the streams of a process that died nor starts another, but says so to the next call."""
    with face(server.address, timeout=30) as client:
        with pytest.raises((DeadlineError, ServerError), match="fragile_stepper"):
            list(client.stream("crash_steps", count=5, timeout=3))
        with pytest.raises(ServerError, match="not healthy") as error:
            client.call("crash_steps")
        assert error.value.model == "fragile_stepper"
        assert client.call("count_steps").text == "counted 3 for "


def test_what_triton_itself_refuses_has_its_class(server) -> None:
    """The same errors as without a stream, though Triton gives no status code with them here."""
    with VisionClient(server.address, timeout=120) as client:
        (tool,) = [tool for tool in client.tools() if tool.name == "count_steps"]
        seconds = next(item for item in tool.inputs if item.tensor == "SECONDS")
        others = tuple(item for item in tool.inputs if item is not seconds)
        for changed, kind in (
            (replace(tool, model="absent"), UnknownModelError),
            (replace(tool, inputs=(*others, replace(seconds, tensor="NO_SUCH_INPUT"))), ArgumentError),
            (replace(tool, inputs=(*others, replace(seconds, datatype="FP64"))), ArgumentError),
        ):
            with pytest.raises(VisgateError) as error:
                stream_raw(client, changed)
            assert type(error.value) is kind, error.value


def stream_raw(client: VisionClient, tool: Tool) -> None:
    """Calls a tool that the server does not have in this form, as if it had changed since its tools were read."""
    core = client._core
    call = ToolCall(tool.name, {"seconds": 0.5}, watched=True)
    run(core._answer(tool, call, CallContext(Deadline.after(20))), client._transport)


@pytest.mark.parametrize(
    ("face", "how"), [(VisionClient, "stream"), (AwaitedClient, "call")], indirect=["face"], ids=["stream", "call"]
)
def test_a_server_killed_in_mid_stream_is_lost_and_the_client_works_with_the_next(
    own_server: EmbeddedServer, face: Callable[..., Any], how: str, notes: Path, label: str
) -> None:
    running = own_server.start()
    with face(running.address, timeout=60) as client:
        client.tools()
        if how == "stream":
            items = client.stream("count_steps", **LONG)
            next(items)
            os.kill(running.pid, signal.SIGKILL)
            with pytest.raises(ServerLostError, match="went away"):
                list(items)
        else:
            threading.Timer(0.5, os.kill, (running.pid, signal.SIGKILL)).start()
            with pytest.raises(ServerLostError, match="went away"):
                client.call("count_steps", **LONG)
        with pytest.raises(ConnectError):
            client.call("count_steps")
        with own_server.start():
            end = time.monotonic() + 10
            while not client.is_ready():
                assert time.monotonic() < end, "the client does not come back"
                time.sleep(0.1)
            assert [type(item) for item in client.stream("count_steps", count=2)] == [Progress, Progress, ToolResult]


# --- many, and much ---

MANY = 50


def right(items: list[Any], number: int) -> bool:
    *progress, result = items
    return [item.step for item in progress] == list(range(1, 41)) and result.text == f"counted 40 for {number}"


class Gauge:
    """Counts what goes on at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


async def test_many_tasks_stream_at_once(server) -> None:
    gauge = Gauge()
    async with AsyncVisionClient(server.address, timeout=120) as client:

        async def watch(number: int) -> list[Any]:
            items = client.stream("count_steps", count=40, seconds=0.05, label=str(number))
            seen = [await anext(items)]
            with gauge:
                return seen + [item async for item in items]

        streams = await asyncio.gather(*map(watch, range(MANY)))
    assert all(right(items, number) for number, items in enumerate(streams))
    assert gauge.most > MANY / 2, "they wait for each other"


def test_many_threads_stream_at_once(server) -> None:
    gauge = Gauge()
    with VisionClient(server.address, timeout=120) as client, ThreadPoolExecutor(MANY) as threads:

        def watch(number: int) -> list[Any]:
            items = client.stream("count_steps", count=40, seconds=0.05, label=str(number))
            seen = [next(items)]
            with gauge:
                return seen + list(items)

        streams = list(threads.map(watch, range(MANY)))
    assert all(right(items, number) for number, items in enumerate(streams))
    assert gauge.most > MANY / 2, "they wait for each other"


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_who_reads_slowly_does_not_fill_its_memory(client: Any, until_noted: UntilNoted, label: str) -> None:
    """The model sends 100 MB of previews; while nobody takes them they wait in the server."""
    count, side = 100, 577
    client.call("count_steps")
    items = client.stream("count_steps", count=2 * count, preview_side=side, label=label, timeout=250)
    next(items)
    before = resident_megabytes()
    until_noted(f"{label} finished")
    time.sleep(1)
    assert resident_megabytes() - before < 40
    rest = [item.step for item in items if isinstance(item, Progress)]
    assert rest == list(range(2, 2 * count + 1))
