"""A real Triton reads and writes the client's shared memory, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import tritonclient.grpc as stock

from visgate_client import AsyncVisionClient, DeadlineError, ServerError, VisionClient

Regions = Callable[[], set[str]]


def registered(triton: stock.InferenceServerClient) -> set[str]:
    return set(triton.get_system_shared_memory_status().regions)


@pytest.fixture(autouse=True)
def nothing_left_behind(triton: stock.InferenceServerClient, region_prefix: str, client_regions: Regions):
    yield
    assert not client_regions()
    assert not {name for name in registered(triton) if name.startswith(region_prefix)}


def test_it_is_used_and_given_back(
    server, triton: stock.InferenceServerClient, photo: np.ndarray, client_regions: Regions
) -> None:
    with VisionClient(server.address) as client:
        for _ in range(5):
            client.call("invert", image=photo)
        assert len(client_regions()) == 3, "one for the picture, two for the tool's pictures"
        assert client_regions() <= registered(triton)
        names = client_regions()
        client.call("invert", image=255 - photo)
        assert client_regions() == names, "they are used again"
    assert not client_regions()
    assert not names & registered(triton)


async def test_the_asyncio_client_uses_it_and_gives_it_back(
    server, triton: stock.InferenceServerClient, photo: np.ndarray, client_regions: Regions
) -> None:
    async with AsyncVisionClient(server.address) as client:
        await asyncio.gather(*(client.call("invert", image=photo) for _ in range(8)))
        assert client_regions()
        assert client_regions() <= registered(triton)
        names = client_regions()
    assert not client_regions()
    assert not names & registered(triton)


def test_failed_calls_leave_nothing_behind(
    server, triton: stock.InferenceServerClient, photo: np.ndarray, client_regions: Regions
) -> None:
    with VisionClient(server.address) as client:
        for _ in range(20):
            with pytest.raises(ServerError):
                client.call("fail", image=photo)
        names = client_regions()
        end = time.monotonic() + 60
        while names and len(names & client_regions()) > 2:
            assert time.monotonic() < end, "the regions of failed calls are never given back"
            time.sleep(0.2)
            client.call("invert", image=photo)
    assert not client_regions()
    assert not names & registered(triton)


def test_memory_that_a_given_up_call_still_uses_is_left_alone_and_freed_in_the_end(
    server, triton: stock.InferenceServerClient, photo: np.ndarray, client_regions: Regions
) -> None:
    with VisionClient(server.address) as client:
        client.call("quick", image=photo)
        with pytest.raises(DeadlineError):
            client.call("slow", image=photo, seconds=1.0, timeout=0.3)
        given_up = client_regions()
        for turn in range(3):
            given = np.roll(photo, turn, axis=0)
            result = client.call("quick", image=given)
            np.testing.assert_array_equal(result.arrays["picture"], 255 - given)
        end = time.monotonic() + 60
        while given_up & client_regions() or given_up & registered(triton):
            assert time.monotonic() < end, "the memory of the call that was given up is never freed"
            time.sleep(0.2)
            client.call("quick", image=photo)


PROGRAM = """
import sys, time, numpy as np
from visgate_client import VisionClient, _shared_memory
_shared_memory.NAME_PREFIX = sys.argv[3]
client = VisionClient(sys.argv[1])
for _ in range(3):
    client.call("invert", image=np.zeros((300, 400, 3), np.uint8))
print("ready", flush=True)
time.sleep(60 if sys.argv[2] == "killed" else 0)
raise RuntimeError
"""


@pytest.mark.parametrize("how", ["raised", "killed"])
def test_a_client_that_dies_leaves_nothing_after_the_next(
    server,
    triton: stock.InferenceServerClient,
    photo: np.ndarray,
    client_regions: Regions,
    region_prefix: str,
    how: str,
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, server.address, how, region_prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    left = {name for name in registered(triton) if name.startswith(region_prefix)}
    assert left
    if how == "killed":
        assert client_regions() == left
        program.send_signal(signal.SIGKILL)
    program.communicate(timeout=120)
    assert bool(client_regions()) == (how == "killed")
    with VisionClient(server.address) as client:
        client.call("invert", image=photo)
        assert not client_regions() & left
        assert not registered(triton) & left
