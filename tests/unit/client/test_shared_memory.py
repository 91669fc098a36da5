"""Shared memory is used where it is granted, never while the server may still use it, and never left behind."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visgate_client import (
    AsyncVisionClient,
    DeadlineError,
    Retries,
    Rpc,
    ServerBusyError,
    ServerError,
    VisionClient,
    _region_pool,
    _shared_memory,
)
from visgate_client._output_sizes import OutputSizes
from visgate_client._region_pool import RegionPool
from visgate_client._shared_memory import NoSharedMemoryError, Region, region_size, sweep

SHM = Path("/dev/shm")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shared memory is used on Linux")


def region_files() -> set[str]:
    return {path.name for path in SHM.glob(_shared_memory.NAME_PREFIX + "*")}


@pytest.fixture(autouse=True)
def prefix(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Names this test's regions as nobody else's, and looks whether any is left."""
    name = f"visgate_client_test_{secrets.token_hex(4)}_"
    monkeypatch.setattr(_shared_memory, "NAME_PREFIX", name)
    yield name
    assert not region_files()


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (300, 200, 3), np.uint8)


@pytest.fixture
def make_client(make_client: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """As elsewhere, but closed before `prefix` looks."""
    made = []

    def make(*args: Any, **options: Any) -> Any:
        made.append(make_client(*args, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., Any]) -> Any:
    return make_client()


def carried(request: Any) -> tuple[set[str], set[str]]:
    """The names of the inputs and outputs of a request that go through shared memory."""
    return tuple(
        {item.name for item in items if "shared_memory_region" in item.parameters}
        for items in (request.inputs, request.outputs)
    )


# --- what goes through it ---


def test_pictures_go_through_it_and_come_back_the_same(client: Any, triton: Any, picture: np.ndarray) -> None:
    for turn in range(4):
        given = np.roll(picture, turn, axis=0)[:, ::-1]
        result = client.call("blend", image=given)
        np.testing.assert_array_equal(result.arrays["picture"], 255 - given)
        np.testing.assert_array_equal(result.arrays["mask"], given[:, :, 0] > 127)
        assert not result.arrays["picture"].flags.writeable
        # How large the outputs are is known from the second call on.
        outputs = {"PICTURE", "MASK"} if turn else set()
        assert carried(triton.last("ModelInfer")) == ({"IMAGE"}, outputs)
    # Three, and two more because the result before is still there when the next one comes.
    assert triton.methods().count("SystemSharedMemoryRegister") == 5
    assert triton.methods().count("SystemSharedMemoryUnregister") == 0


def test_results_stay_as_they_were_when_their_memory_is_used_again(client: Any, picture: np.ndarray) -> None:
    results = [client.call("blend", image=np.roll(picture, turn, axis=1)) for turn in range(4)]
    for turn, result in enumerate(results):
        np.testing.assert_array_equal(result.arrays["picture"], 255 - np.roll(picture, turn, axis=1))


def test_small_pictures_go_over_grpc(client: Any, triton: Any) -> None:
    client.call("blend", image=np.zeros((60, 60, 3), np.uint8))
    assert carried(triton.last("ModelInfer")) == (set(), set())
    assert "SystemSharedMemoryRegister" not in triton.methods()


def test_outputs_of_small_pictures_are_not_guessed_from_those_of_large_ones() -> None:
    sizes = OutputSizes()
    assert sizes.expect("tool", 300 * 300) == {}
    sizes.learn("tool", 100 * 100, {"PICTURE": np.zeros((1, 400, 400, 3), np.uint8), "TEXT": np.array([b"x"], object)})
    assert sizes.expect("tool", 100 * 100) == {"PICTURE": 480_000}
    assert sizes.expect("tool", 200 * 100) == {"PICTURE": 960_000}
    assert sizes.expect("another", 100 * 100) == {}
    assert sizes.expect("tool", 10 * 10) == {}
    sizes.learn("tool", 10 * 10, {"PICTURE": np.zeros((1, 512, 512, 3), np.uint8)})
    sizes.learn("tool", 100 * 100, {"PICTURE": np.zeros((1, 100, 100, 3), np.uint8)})
    assert sizes.expect("tool", 100 * 100) == {"PICTURE": 480_000}, "the largest one counts, of telling ones"


def test_outputs_of_tools_without_pictures_are_expected_as_they_were() -> None:
    sizes = OutputSizes()
    sizes.learn("paint", 0, {"PICTURE": np.zeros((1, 64, 64, 3), np.uint8)})
    assert sizes.expect("paint", 0) == {"PICTURE": 12_288}


def test_large_raw_arrays_go_through_it_too(client: Any, triton: Any, picture: np.ndarray) -> None:
    outputs = client.infer("m", {"IMAGE": picture[np.newaxis]})
    assert carried(triton.last("ModelInfer"))[0] == {"IMAGE"}
    np.testing.assert_array_equal(outputs["PICTURE"], 255 - picture[np.newaxis])


@pytest.mark.parametrize(
    ("server", "options", "version"),
    [
        ("gpu.example:8001", {}, "2.51.0"),
        ("localhost:8001", {"shared_memory": False}, "2.51.0"),
        ("localhost:8001", {}, "2.49.0"),
        ("localhost:8001", {}, "something else"),
    ],
    ids=["another host", "not wanted", "too old a server", "no Triton"],
)
def test_where_it_does_not_belong_it_is_not_tried(
    make_client: Callable[..., Any],
    triton: Any,
    picture: np.ndarray,
    server: str,
    options: dict[str, Any],
    version: str,
) -> None:
    triton.version = version
    client = make_client(server, **options)
    for _ in range(2):
        client.call("blend", image=picture)
    assert "SystemSharedMemoryRegister" not in triton.methods()
    assert triton.methods().count("ServerMetadata") <= 1
    assert not region_files()


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("INTERNAL", "Unable to open shared memory region: '/x'"),
        ("INVALID_ARGUMENT", "client shared memory is not allowed"),
        ("UNAVAILABLE", "This protocol is restricted, expecting header 'triton-grpc-protocol-key'"),
        ("UNIMPLEMENTED", ""),
    ],
)
def test_a_server_that_refuses_it_is_not_asked_again_and_the_log_says_so_once(
    client: Any, triton: Any, picture: np.ndarray, code: str, details: str, caplog: pytest.LogCaptureFixture
) -> None:
    triton.fail("SystemSharedMemoryRegister", code, details)
    with caplog.at_level(logging.INFO, logger="visgate_client"):
        for _ in range(3):
            np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert triton.methods().count("SystemSharedMemoryRegister") == 1
    assert [(record.levelname, record.getMessage().count("over gRPC")) for record in caplog.records] == [("WARNING", 1)]
    assert not region_files()


def test_a_server_that_cannot_be_asked_is_asked_again(client: Any, triton: Any, picture: np.ndarray) -> None:
    triton.fail("ServerMetadata", "DEADLINE_EXCEEDED", "Deadline Exceeded")
    triton.fail("SystemSharedMemoryRegister", "UNAVAILABLE", "Stream removed (Socket closed)")
    for _ in range(2):
        client.call("blend", image=picture)
        assert carried(triton.last("ModelInfer"))[0] == set()
    client.call("blend", image=picture)
    assert carried(triton.last("ModelInfer"))[0] == {"IMAGE"}


def test_too_little_room_costs_speed_only(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_region_pool, "LARGEST_POOL", 1 << 10)
    np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert carried(triton.last("ModelInfer"))[0] == set()
    assert not region_files()


# --- what the server says about it ---


def test_a_server_that_was_started_again_gets_the_call_once_more(client: Any, triton: Any, picture: np.ndarray) -> None:
    for _ in range(2):
        client.call("blend", image=picture)
    old = set(triton.regions)
    triton.regions.clear()
    triton.sent.clear()
    triton.fail("ModelInfer", "NOT_FOUND", "Unable to find shared memory region: 'visgate_client_x'")
    np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert triton.methods() == ["ModelInfer", "ModelInfer"]
    assert carried(triton.last("ModelInfer")) == (set(), set())
    assert not region_files() & old
    client.call("blend", image=picture)
    assert carried(triton.last("ModelInfer"))[0] == {"IMAGE"}
    assert not old & set(triton.regions)


def test_an_output_larger_than_before_comes_over_grpc(client: Any, triton: Any, picture: np.ndarray) -> None:
    def enlarged(times: int) -> Callable[[Any], dict[str, np.ndarray]]:
        return lambda request: (
            triton.echo(request) | {"PICTURE": np.tile(triton.inputs(request)["IMAGE"], (1, times, 1, 1))}
        )

    client.call("blend", image=picture)
    for times, attempts in ((4, 2), (4, 1), (1, 1)):
        triton.outputs = enlarged(times)
        triton.sent.clear()
        result = client.call("blend", image=picture)
        assert triton.methods().count("ModelInfer") == attempts
        np.testing.assert_array_equal(result.arrays["picture"], np.tile(picture, (times, 1, 1)))
        assert ("PICTURE" in carried(triton.last("ModelInfer"))[1]) == (attempts == 1)


# --- what the server may still be using ---


def test_memory_of_a_call_that_was_not_answered_is_not_used_again_until_the_server_lets_go(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(retries=Retries(attempts=1))
    client.call("blend", image=picture)
    (region,) = triton.regions
    triton.held = {region}
    content = triton.regions[region][: picture.nbytes]
    triton.fail("ModelInfer", "UNAVAILABLE", "[request id: 1] Exceeds maximum queue size")
    with pytest.raises(ServerBusyError):
        client.call("blend", image=255 - picture)
    assert content != triton.regions[region][: picture.nbytes]
    abandoned = triton.regions[region][: picture.nbytes]

    clock = [time.monotonic()]
    monkeypatch.setattr("visgate_client._server_memory.time.monotonic", lambda: clock[0])
    for _ in range(3):
        clock[0] += 10
        client.call("blend", image=picture)
        names = {item.parameters["shared_memory_region"].string_param for item in triton.last("ModelInfer").inputs[:1]}
        assert region not in names
        assert triton.regions[region][: picture.nbytes] == abandoned
        assert region in region_files()

    triton.held.clear()
    clock[0] += 10
    client.call("blend", image=picture)
    assert region not in triton.regions
    assert region not in region_files()


def test_suspects_are_not_asked_about_in_every_call(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("visgate_client._server_memory.time.monotonic", lambda: clock[0])
    for _ in range(2):
        client.call("blend", image=picture)
    triton.held = set(triton.regions)
    triton.fail("ModelInfer", "INTERNAL", "model mixer: broken")
    with pytest.raises(ServerError):
        client.call("blend", image=picture)
    triton.sent.clear()
    clock[0] += 1.5
    for _ in range(5):
        client.call("blend", image=picture)
    method = "SystemSharedMemoryUnregister"
    asked = [request.name for name, request, _ in triton.sent if name == method]
    assert sorted(asked) == sorted(triton.held)


async def test_memory_of_a_cancelled_call_is_set_aside(triton: Any, picture: np.ndarray) -> None:
    hung = asyncio.Event()

    class Hanging:
        """Answers everything but inferences."""

        async def send(self, rpc: Rpc) -> Any:
            answer = triton.send(rpc)
            if rpc.method == "ModelInfer" and hung.is_set():
                await asyncio.Event().wait()
            return answer

        async def close(self) -> None:
            return None

    async with AsyncVisionClient(transport=Hanging()) as client:
        await client.call("blend", image=picture)
        (region,) = triton.regions
        hung.set()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.call("blend", image=picture), 0.2)
        hung.clear()
        triton.held = {region}
        await client.call("blend", image=picture)
        used = triton.last("ModelInfer").inputs[0].parameters["shared_memory_region"].string_param
        assert used != region


# --- results that are handed on ---


def regions_of(request: Any) -> dict[str, tuple[str, int]]:
    """Region and offset by input and output."""
    return {
        item.name: (
            item.parameters["shared_memory_region"].string_param,
            item.parameters["shared_memory_offset"].int64_param,
        )
        for items in (request.inputs, request.outputs)
        for item in items
        if "shared_memory_region" in item.parameters
    }


def result_in_memory(client: Any, picture: np.ndarray) -> Any:
    client.call("blend", image=picture)  # now it is known how large the outputs are
    return client.call("blend", image=picture)


def test_a_result_is_handed_to_the_next_call_without_a_copy(client: Any, triton: Any, picture: np.ndarray) -> None:
    result = result_in_memory(client, picture)
    region, _ = regions_of(triton.last("ModelInfer"))["PICTURE"]
    again = client.call("blend", image=result.arrays["picture"])
    assert regions_of(triton.last("ModelInfer"))["IMAGE"] == (region, 0)
    np.testing.assert_array_equal(again.arrays["picture"], picture)
    np.testing.assert_array_equal(result.arrays["picture"], 255 - picture)


def test_rows_of_a_result_are_handed_on_by_their_offset_and_columns_are_copied(
    client: Any, triton: Any, picture: np.ndarray
) -> None:
    given = result_in_memory(client, picture).arrays["picture"]
    again = client.call("blend", image=given[50:250])
    assert regions_of(triton.last("ModelInfer"))["IMAGE"][1] == 50 * given.strides[0]
    np.testing.assert_array_equal(again.arrays["picture"], picture[50:250])
    again = client.call("blend", image=given[:, 50:])
    assert regions_of(triton.last("ModelInfer"))["IMAGE"][1] == 0
    np.testing.assert_array_equal(again.arrays["picture"], picture[:, 50:])


def test_the_memory_of_a_result_is_its_own_while_anybody_looks_at_it_and_used_again_after(
    client: Any, triton: Any, picture: np.ndarray
) -> None:
    result = result_in_memory(client, picture)
    region, _ = regions_of(triton.last("ModelInfer"))["PICTURE"]
    rows = result.arrays["picture"][7:9]
    del result
    for turn in range(3):
        client.call("blend", image=np.roll(picture, turn, axis=0))
        assert regions_of(triton.last("ModelInfer"))["PICTURE"][0] != region
    np.testing.assert_array_equal(rows, 255 - picture[7:9])
    del rows
    used = set()
    for _ in range(3):
        client.call("blend", image=picture)
        used |= {name for name, _ in regions_of(triton.last("ModelInfer")).values()}
    assert region in used


def test_results_hold_no_more_than_their_share(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_region_pool, "LARGEST_LENT", 1 << 20)
    results = [client.call("blend", image=np.roll(picture, turn, axis=0)) for turn in range(12)]
    assert len(triton.regions) <= 1 + 4 + 2, "the rest are copies"
    for turn, result in enumerate(results):
        np.testing.assert_array_equal(result.arrays["picture"], 255 - np.roll(picture, turn, axis=0))


def test_results_outlive_their_client_and_leave_no_files(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    client = make_client()
    result = result_in_memory(client, picture)
    client.close()
    assert not region_files()
    assert not triton.regions
    np.testing.assert_array_equal(result.arrays["picture"], 255 - picture)


def test_a_result_that_an_unanswered_call_was_given_is_not_written_into_after_its_end(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("visgate_client._server_memory.time.monotonic", lambda: clock[0])
    client = make_client(retries=Retries(attempts=1))
    result = result_in_memory(client, picture)
    region, _ = regions_of(triton.last("ModelInfer"))["PICTURE"]
    triton.fail("ModelInfer", "DEADLINE_EXCEEDED", "Deadline Exceeded")
    with pytest.raises(DeadlineError):
        client.call("blend", image=result.arrays["picture"])
    del result
    gc.collect()  # the error's traceback looked at it
    triton.held = {region}
    for _ in range(4):
        clock[0] += 10
        client.call("blend", image=picture)
        assert region not in {name for name, _ in regions_of(triton.last("ModelInfer")).values()}
    triton.held = set()
    clock[0] += 10
    client.call("blend", image=picture)
    assert region not in triton.regions


def test_a_result_from_before_the_server_was_started_again_is_copied(
    client: Any, triton: Any, picture: np.ndarray
) -> None:
    result = result_in_memory(client, picture)
    triton.regions.clear()
    triton.fail("ModelInfer", "NOT_FOUND", "Unable to find shared memory region: 'visgate_client_x'")
    for _ in range(3):
        again = client.call("blend", image=result.arrays["picture"])
        np.testing.assert_array_equal(again.arrays["picture"], picture)


def test_what_nobody_used_for_a_while_is_given_back(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("visgate_client._server_memory.time.monotonic", lambda: clock[0])
    for _ in range(3):
        client.call("blend", image=np.tile(picture, (3, 3, 1)))
    large = set(triton.regions)
    clock[0] += 50
    client.call("blend", image=picture)
    assert large <= set(triton.regions)
    for _ in range(2):
        clock[0] += 50
        client.call("blend", image=picture)
    assert not large & set(triton.regions)
    assert set(triton.regions) == region_files()


# --- when it goes ---


def test_closing_gives_everything_back(make_client: Callable[..., Any], triton: Any, picture: np.ndarray) -> None:
    client = make_client()
    for _ in range(2):
        client.call("blend", image=picture)
    assert region_files() == set(triton.regions)
    assert len(triton.regions) == 3
    client.close()
    assert not triton.regions
    assert not region_files()


def test_closing_works_when_the_server_is_gone(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    client = make_client()
    for _ in range(2):
        client.call("blend", image=picture)
    triton.sent.clear()
    triton.fail("SystemSharedMemoryUnregister", "UNAVAILABLE", "failed to connect to all addresses")
    client.close()
    assert triton.methods() == ["SystemSharedMemoryUnregister"], "a server that is gone is asked once"
    assert not region_files()


def test_what_a_closing_client_could_not_give_back_the_next_one_does(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    client = make_client()
    client.call("blend", image=picture)
    triton.held = set(triton.regions)
    client.close()
    assert not region_files()
    assert set(triton.regions) == triton.held
    triton.held = set()
    make_client().call("blend", image=picture)
    assert set(triton.regions) == region_files()


def test_closing_waits_a_moment_for_what_the_server_is_about_to_let_go(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    """Triton answers a request a moment before it lets go of the request's memory."""
    client = make_client()
    client.call("blend", image=picture)
    triton.held = set(triton.regions)
    unregister = triton.SystemSharedMemoryUnregister

    def busy_at_first(request: Any) -> Any:
        try:
            return unregister(request)
        finally:
            triton.held.discard(request.name)

    triton.SystemSharedMemoryUnregister = busy_at_first
    client.close()
    assert not triton.regions


def test_an_error_in_the_block_gives_everything_back(triton: Any, picture: np.ndarray) -> None:
    def fail() -> None:
        with VisionClient(transport=triton) as client:
            client.call("blend", image=picture)
            assert region_files()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not region_files()


def test_a_client_that_is_forgotten_leaves_no_files(triton: Any, picture: np.ndarray) -> None:
    client = VisionClient(transport=triton)
    client.call("blend", image=picture)
    assert region_files()
    del client
    assert not region_files()


PROGRAM = """
import os, sys, time
from visgate_client import _shared_memory
from visgate_client._shared_memory import Region
_shared_memory.NAME_PREFIX = sys.argv[2]
region = Region(1 << 18)
print(region.name, flush=True)
if sys.argv[1] == "fork":
    if os.fork() == 0:
        raise SystemExit  # runs the exit handlers, as a child may
    os.wait()
    print(os.path.exists("/dev/shm/" + region.name), flush=True)
elif sys.argv[1] == "raise":
    raise RuntimeError
elif sys.argv[1] == "wait":
    time.sleep(60)
"""


def run_program(how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how, _shared_memory.NAME_PREFIX],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize("how", ["end", "raise"])
def test_a_program_that_ends_leaves_no_files(how: str, prefix: str) -> None:
    output, _ = run_program(how).communicate(timeout=120)
    assert output.startswith(prefix)
    assert not (SHM / output.strip()).exists()


def test_a_forked_child_does_not_remove_its_parents_files() -> None:
    output, _ = run_program("fork").communicate(timeout=120)
    assert output.split()[1:] == ["True"]


def test_the_next_client_sweeps_what_a_killed_one_left_and_spares_what_lives(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    living, killed = run_program("wait"), run_program("wait")
    try:
        assert living.stdout is not None
        assert killed.stdout is not None
        spared, left = living.stdout.readline().strip(), killed.stdout.readline().strip()
        for name in (spared, left):
            triton.regions[name] = triton.regions.get(name) or _map(name)
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        assert {spared, left} <= region_files()
        make_client().call("blend", image=picture)
        assert left not in region_files()
        assert spared in region_files()
        assert left not in triton.regions, "the server still holds the killed client's memory"
        assert spared in triton.regions
    finally:
        living.kill()
        for program in (living, killed):
            program.communicate()
        sweep()


def _map(name: str) -> Any:
    import mmap

    with (SHM / name).open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


# --- the pieces ---


def test_names_cannot_be_guessed_and_files_are_private(prefix: str) -> None:
    regions = [Region(1 << 18) for _ in range(3)]
    try:
        assert len({region.name for region in regions}) == 3
        for region in regions:
            assert len(region.name.removeprefix(prefix)) == 32
            assert (SHM / region.name).stat().st_mode & 0o777 == 0o600
            assert (SHM / region.name).stat().st_blocks * 512 >= 1 << 18, "its memory is not set aside"
    finally:
        for region in regions:
            region.remove()


def test_a_regions_content_is_what_was_written() -> None:
    region = Region(1 << 18)
    values = np.random.default_rng(0).integers(0, 256, (100, 90, 3), np.uint8)
    region.write(values[::-1, ::2])
    np.testing.assert_array_equal(region.show(np.uint8, (100, 45, 3)), values[::-1, ::2])
    copy = region.show(np.uint8, (4,)).copy()
    region.remove()
    np.testing.assert_array_equal(copy, values[::-1, ::2].reshape(-1)[:4])


@pytest.mark.parametrize(
    "look",
    [
        lambda shown: shown,
        lambda shown: shown[0, 3:7, ::-1],
        lambda shown: shown.reshape(-1).view(np.int8),
        memoryview,
        lambda shown: np.asarray(memoryview(shown)),
    ],
)
def test_a_region_is_shown_as_long_as_anybody_has_a_view_of_it(look: Callable[[np.ndarray], Any]) -> None:
    region = Region(region_size(192))
    try:
        assert not region.is_shown
        shown = region.show(np.uint8, (1, 8, 8, 3))
        seen = look(shown)
        del shown
        assert region.is_shown
        del seen
        assert not region.is_shown
    finally:
        region.remove()


@pytest.mark.parametrize(
    ("wanted", "size"), [(1, 1 << 18), (1 << 18, 1 << 18), ((1 << 18) + 1, 1 << 19), (786_432, 1 << 20)]
)
def test_regions_come_in_powers_of_two(wanted: int, size: int) -> None:
    assert region_size(wanted) == size


def test_a_region_that_would_fill_the_memory_is_not_made() -> None:
    room = os.statvfs(SHM)
    with pytest.raises(NoSharedMemoryError, match="free"):
        Region(room.f_bavail * room.f_frsize // 3)


def test_idle_regions_give_way_when_the_pool_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_region_pool, "LARGEST_POOL", 1 << 20)
    pool = RegionPool()
    small = [pool.create(1 << 18)[0] for _ in range(4)]
    with pytest.raises(NoSharedMemoryError):
        pool.create(1)
    pool.give_back(small[:3])
    large, given_up = pool.create(1 << 19)
    assert len(given_up) == 2
    pool.discard(given_up)
    assert pool.take(1 << 18) in small[:3]
    assert pool.take(1 << 18) is None
    with pytest.raises(NoSharedMemoryError):
        pool.create(1)
    pool.discard([large])
    again, given_up = pool.create(1 << 19)
    assert given_up == []
    pool.discard([again])
    for region in small:
        region.remove()


def test_a_lock_held_elsewhere_is_what_spares_a_file(prefix: str) -> None:
    path = SHM / (prefix + "0" * 32)
    path.write_bytes(b"left")
    with path.open("r+b") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        sweep()
        assert path.exists()
    sweep()
    assert not path.exists()


def test_threads_never_share_a_region(triton: Any) -> None:
    """Many callers at once, each with a picture of its own: a mix-up would show in the pixels."""
    lock = threading.Lock()
    send = triton.send

    class Locked:
        def send(self, rpc: Rpc) -> Any:
            if rpc.method == "ModelInfer":
                threading.Event().wait(0.002)
            with lock:
                return send(rpc)

        def close(self) -> None:
            return None

    pictures = [np.random.default_rng(seed).integers(0, 256, (200, 200, 3), np.uint8) for seed in range(16)]
    with VisionClient(transport=Locked()) as client, ThreadPoolExecutor(16) as threads:
        for _ in range(5):
            for given, result in zip(
                pictures, threads.map(lambda given: client.call("blend", image=given), pictures), strict=True
            ):
                np.testing.assert_array_equal(result.arrays["picture"], 255 - given)
        # Three a call that is under way, and two of the result that the round before left in `result`.
        assert triton.methods().count("SystemSharedMemoryRegister") <= 16 * 3 + 2
    assert not triton.regions
