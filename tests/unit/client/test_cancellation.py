"""A call is given up from another thread, and the server hears of it; against a real gRPC server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from visgate_client import AsyncVisionClient, CallCancelledError, Cancellation, VisionClient

from .conftest import MemoryTriton, streaming_tool_entry
from .serving import Servicer, serving


@pytest.fixture
def servicer() -> Iterator[Servicer]:
    triton = MemoryTriton()
    triton.tools["painter"] = [streaming_tool_entry()]
    made = Servicer(triton)
    made.release.clear()
    yield made
    made.release.set()


def cancel_when_begun(servicer: Servicer, cancellation: Cancellation) -> threading.Thread:
    def cancel() -> None:
        assert servicer.began.wait(10)
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    return thread


CALLS = {"blend": {"image": np.zeros((8, 8, 3), np.uint8)}, "draw": {"prompt": "a cat"}}


@pytest.mark.parametrize("tool", sorted(CALLS))
def test_a_blocking_call_is_cancelled_in_the_server(servicer: Servicer, tool: str) -> None:
    stop = Cancellation()
    with serving(servicer) as port, VisionClient(f"localhost:{port}", shared_memory=False) as client:
        client.tools()
        thread = cancel_when_begun(servicer, stop)
        with pytest.raises(CallCancelledError, match="by its caller"):
            client.call(tool, CALLS[tool], cancellation=stop)
        assert servicer.given_up.wait(10)
        thread.join()
        assert stop.is_cancelled
        with pytest.raises(CallCancelledError):
            client.call("blend", CALLS["blend"], cancellation=stop)
        servicer.release.set()
        assert client.call("blend", CALLS["blend"], cancellation=Cancellation()).tool == "blend"


@pytest.mark.parametrize("tool", sorted(CALLS))
async def test_an_awaited_call_is_cancelled_in_the_server(servicer: Servicer, tool: str) -> None:
    stop = Cancellation()
    with serving(servicer) as port:
        async with AsyncVisionClient(f"localhost:{port}", shared_memory=False) as client:
            await client.tools()
            thread = cancel_when_begun(servicer, stop)
            with pytest.raises(CallCancelledError, match="by its caller"):
                await client.call(tool, CALLS[tool], cancellation=stop)
            assert await asyncio.to_thread(servicer.given_up.wait, 10)
            thread.join()
            servicer.release.set()
            assert (await client.call("blend", CALLS["blend"], cancellation=Cancellation())).tool == "blend"


def test_one_cancels_many_and_keeps_hold_of_none(servicer: Servicer) -> None:
    stop = Cancellation()
    ended: list[type[BaseException]] = []
    with serving(servicer) as port, VisionClient(f"localhost:{port}", shared_memory=False) as client:
        client.tools()

        def call() -> None:
            try:
                client.call("blend", CALLS["blend"], cancellation=stop)
            except CallCancelledError as error:
                ended.append(type(error))

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert servicer.began.wait(10)
        stop.cancel()
        for thread in threads:
            thread.join(10)
    assert ended == [CallCancelledError] * 4


def test_what_is_attached_is_called_once_and_not_after_it_was_detached() -> None:
    calls: list[str] = []
    stop = Cancellation()
    stop.attach(lambda: calls.append("kept"))
    detach = stop.attach(lambda: calls.append("detached"))
    detach()
    stop.cancel()
    stop.cancel()
    stop.attach(lambda: calls.append("late"))
    assert calls == ["kept", "late"]
