"""What serves callers elsewhere, tried on a real Triton: several servers, names, packed messages, results handed on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from visgate_client import AsyncVisionClient, CallCancelledError, Cancellation, VisionClient


@pytest.fixture
def dead_address() -> Iterator[str]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


def inverts(client: VisionClient, photo: np.ndarray) -> bool:
    return bool((client.call("invert", image=photo).arrays["picture"] == 255 - photo).all())


def test_a_server_that_is_dead_costs_no_call(server, photo: np.ndarray, dead_address: str) -> None:
    with VisionClient([dead_address, server.address], timeout=60) as client:
        assert all(inverts(client, photo) for _ in range(6))
        assert client.is_ready()
        assert [type(item).__name__ for item in client.stream("count_steps", count=1)] == ["Progress", "ToolResult"]


async def test_a_server_that_is_dead_costs_no_awaited_call(server, photo: np.ndarray, dead_address: str) -> None:
    async with AsyncVisionClient(f"{dead_address},{server.address}", timeout=60) as client:
        results = await asyncio.gather(*(client.call("invert", image=photo) for _ in range(8)))
    for result in results:
        np.testing.assert_array_equal(result.arrays["picture"], 255 - photo)


def test_a_name_is_asked_for_its_servers_and_their_health(server, photo: np.ndarray) -> None:
    port = server.address.rpartition(":")[2]
    with VisionClient(f"dns:///localhost:{port}", timeout=60) as client:
        assert all(inverts(client, photo) for _ in range(4))


@pytest.mark.parametrize("compression", ["deflate", "gzip"])
def test_messages_are_packed(server, photo: np.ndarray, compression: str) -> None:
    with VisionClient(server.address, timeout=60, shared_memory=False, compression=compression) as client:
        assert inverts(client, photo)
        assert inverts(client, np.zeros((700, 700, 3), np.uint8))


def test_a_result_is_handed_on_where_it_lies(server, photo: np.ndarray) -> None:
    with VisionClient(server.address, timeout=60) as client:
        client.call("invert", image=photo)
        first = client.call("invert", image=photo)
        pool = client._core._remote._memory._pool
        assert pool.find(first.arrays["picture"]) is not None
        for rows in (slice(None), slice(40, 220)):
            again = client.call("invert", image=first.arrays["picture"][rows])
            np.testing.assert_array_equal(again.arrays["picture"], photo[rows])
        np.testing.assert_array_equal(first.arrays["picture"], 255 - photo)
    np.testing.assert_array_equal(first.arrays["picture"], 255 - photo)


def test_a_call_is_cancelled_from_another_thread(server, photo: np.ndarray, until_noted, notes: Path) -> None:
    import threading

    stop = Cancellation()

    def cancel() -> None:
        until_noted("<stopped> began")
        stop.cancel()

    with VisionClient(server.address, timeout=120) as client:
        client.tools()
        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(CallCancelledError, match="by its caller"):
            client.call("slow", image=photo, seconds=1.5, label="<stopped>", cancellation=stop)
        thread.join()
        assert inverts(client, photo)
    until_noted("<stopped> cancelled")
