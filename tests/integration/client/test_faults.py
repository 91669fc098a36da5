"""A real Triton that fails, refuses, is busy, slow, killed or not there: each is an error of its own class."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    CallCancelledError,
    ConnectError,
    DeadlineError,
    ModelStatistics,
    PictureError,
    ServerBusyError,
    ServerError,
    ServerLostError,
    VisgateError,
    VisionClient,
)
from visgate_server.embedded import EmbeddedServer
from visgate_server.embedded.running_server import stop_server

UntilNoted = Callable[[str], None]


def still_serves(client: VisionClient, photo: np.ndarray) -> bool:
    return bool((client.call("invert", image=photo).arrays["picture"] == 255 - photo).all())


def test_a_fault_of_the_model_names_it_and_says_what_it_said(client: VisionClient, photo: np.ndarray) -> None:
    with pytest.raises(ServerError, match=r"^model probe failed: the network exploded") as error:
        client.call("fail", image=photo)
    assert (error.value.model, error.value.reason) == ("probe", "the network exploded")
    assert still_serves(client, photo)


def test_what_the_server_refuses_is_an_argument_error(client: VisionClient, photo: np.ndarray) -> None:
    with pytest.raises(ArgumentError, match="IMAGE is too dull"):
        client.call("refuse", image=photo)
    with pytest.raises(ArgumentError, match="IMAGE"):
        client.infer("probe", {"IMAGE": photo[np.newaxis, :, :, :2]})
    with pytest.raises(ArgumentError, match="NO_SUCH_INPUT"):
        client.infer("probe", {"IMAGE": photo[np.newaxis], "NO_SUCH_INPUT": np.zeros((1, 1), np.float32)})
    assert still_serves(client, photo)


def test_an_answer_that_breaks_the_contract_names_the_model(client: VisionClient, photo: np.ndarray) -> None:
    with pytest.raises(ServerError, match="model probe broke the wire contract: DATA is no JSON"):
        client.call("garble", image=photo)
    assert still_serves(client, photo)


def test_bad_arguments_never_reach_the_server(
    client: VisionClient, photo: np.ndarray, settled: Callable[..., ModelStatistics]
) -> None:
    client.tools()
    before = settled(client, "probe")
    for arguments in ({}, {"image": photo, "strength": 2}, {"image": photo, "colour": "red"}, {"image": b"text"}):
        with pytest.raises(ArgumentError):
            client.call("invert", **arguments)
    with pytest.raises(PictureError, match="4,194,304"):
        client.call("invert", image=np.zeros((2049, 2048, 3), np.uint8))
    after = settled(client, "probe")
    assert (after.success_count, after.failure_count) == (before.success_count, before.failure_count)


def test_a_model_that_crashes_is_a_server_fault(server, photo: np.ndarray) -> None:
    with VisionClient(server.address, timeout=120) as client:
        with pytest.raises(ServerError) as error:
            client.call("crash", image=photo)
        assert error.value.model == "fragile"
        assert still_serves(client, photo)


def test_a_full_queue_is_said_to_be_full(client: VisionClient, photo: np.ndarray) -> None:
    """One call runs, one is prepared, three wait; of ten the rest are turned away."""

    def call(_: int) -> VisgateError | None:
        try:
            client.call("slow", image=photo, seconds=0.8)
        except VisgateError as error:
            return error
        return None

    client.tools()
    with ThreadPoolExecutor(10) as threads:
        errors = [error for error in threads.map(call, range(10)) if error is not None]
    assert 1 <= len(errors) <= 7
    assert {type(error) for error in errors} == {ServerBusyError}
    assert "narrow" in str(errors[0])
    assert still_serves(client, photo)


@pytest.mark.parametrize("how", ["the call's own", "the client's"])
def test_time_that_runs_out_is_said_to_have(server, photo: np.ndarray, how: str) -> None:
    own = {"timeout": 0.3} if how == "the call's own" else {}
    with VisionClient(server.address, timeout=120 if own else 0.3) as client:
        client.tools(timeout=5)
        began = time.monotonic()
        with pytest.raises(DeadlineError, match=r"model narrow .* within 0\.3 s"):
            client.call("slow", image=photo, seconds=1.5, **own)
        assert 0.25 < time.monotonic() - began < 1.4
        # The one that was given up must not spoil the next: its memory may still be read.
        result = client.call("quick", image=255 - photo, timeout=10)
        np.testing.assert_array_equal(result.arrays["picture"], photo)


def test_what_nobody_waits_for_is_dropped_from_the_queue(
    server, photo: np.ndarray, settled: Callable[..., ModelStatistics], until_noted: UntilNoted
) -> None:
    """Behind two seconds of work, a call with a tenth of one is never computed; what comes after it is."""
    with VisionClient(server.address, timeout=120) as client:
        before = settled(client, "narrow").inference_count
        with ThreadPoolExecutor(2) as threads:
            long = [threads.submit(client.call, "slow", image=photo, seconds=1, label="<long>") for _ in range(2)]
            until_noted("<long> began")
            with pytest.raises((DeadlineError, ServerBusyError)):
                client.call("slow", image=photo, seconds=1, timeout=0.1, label="<dropped>")
            last = client.call("quick", image=photo)
            for call in long:
                call.result()
        assert last.times.queue_ms is not None
        assert last.times.queue_ms > 300, "it did not stand behind the others"
        assert settled(client, "narrow").inference_count - before == 3


def test_cancelling_the_task_cancels_the_call_in_the_server(server, until_noted: UntilNoted, photo: np.ndarray) -> None:
    """The test model writes down that its request had been cancelled while it was working on it."""

    async def give_up() -> None:
        async with AsyncVisionClient(server.address, timeout=120) as client:
            task = asyncio.create_task(client.call("slow", image=photo, seconds=1.5, label="<given up>"))
            await asyncio.to_thread(until_noted, "<given up> began")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            result = await client.call("quick", image=255 - photo)
            np.testing.assert_array_equal(result.arrays["picture"], photo)

    asyncio.run(give_up())
    until_noted("<given up> cancelled")


def test_closing_the_client_cancels_what_is_under_way(server, until_noted: UntilNoted, photo: np.ndarray) -> None:
    client = VisionClient(server.address, timeout=120)
    outcome: list[object] = []

    def call() -> None:
        try:
            outcome.append(client.call("slow", image=photo, seconds=3, label="<closed>"))
        except VisgateError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    until_noted("<closed> began")
    client.close()
    thread.join(20)
    assert isinstance(outcome[0], CallCancelledError)


# --- no server, another server, a server that goes ---


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with VisionClient(address, timeout=5) as client:
            with pytest.raises(ConnectError, match="visgate-server start") as error:
                client.call("invert", image=np.zeros((2, 2, 3), np.uint8))
            assert address in str(error.value)
            assert client.is_ready() is False


def test_the_http_port_is_recognised(server) -> None:
    with VisionClient(server.http_address, timeout=5) as client, pytest.raises(ConnectError, match="gRPC port"):
        client.tools()


def test_a_listener_that_says_nothing_costs_the_time_given_and_no_more() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        began = time.monotonic()
        with (
            VisionClient(f"127.0.0.1:{mute.getsockname()[1]}", timeout=0.5) as client,
            pytest.raises((DeadlineError, ConnectError)),
        ):
            client.tools()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("shared_memory", [True, False])
def test_a_server_killed_in_mid_call_is_lost_and_the_client_works_with_the_next(
    own_server: EmbeddedServer, photo: np.ndarray, client_regions: Callable[[], set[str]], shared_memory: bool
) -> None:
    running = own_server.start()
    with VisionClient(running.address, timeout=120, shared_memory=shared_memory) as client:
        for _ in range(2):
            assert still_serves(client, photo)
        assert bool(client_regions()) == shared_memory
        threading.Timer(0.4, os.kill, (running.pid, signal.SIGKILL)).start()
        began = time.monotonic()
        with pytest.raises(ServerLostError, match="went away"):
            client.call("slow_invert", image=photo, seconds=15)
        assert time.monotonic() - began < 10
        with pytest.raises(ConnectError):
            client.call("invert", image=photo)
        with own_server.start():
            _until_connected(client)
            for _ in range(3):
                assert still_serves(client, photo)
            assert bool(client_regions()) == shared_memory
    assert not client_regions()


def test_a_server_started_again_between_two_calls_is_not_noticed(own_server: EmbeddedServer, photo: np.ndarray) -> None:
    with VisionClient(own_server.start().address, timeout=120) as client:
        for _ in range(2):
            assert still_serves(client, photo)
        stop_server(own_server.directory)
        own_server.start()
        _until_connected(client)
        for _ in range(3):
            assert still_serves(client, photo)


def _until_connected(client: VisionClient, seconds: float = 15.0) -> None:
    """gRPC waits up to a second before it tries again to connect; until then it says what it last saw."""
    end = time.monotonic() + seconds
    while not client.is_ready():
        assert time.monotonic() < end, "the client does not come back"
        time.sleep(0.1)
