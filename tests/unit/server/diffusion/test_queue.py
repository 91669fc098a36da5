"""How many are drawn at once, how many wait, who is refused; and the loop that runs by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from engine_listening import Recorder, step_to_the_end
from sample_requests import PLAIN

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.errors import (
    QueueFullError,
    QueueTimeoutError,
    RequestCancelledError,
    ServerStoppingError,
    SpecError,
)


@pytest.fixture
def narrow(networks: DiffusionNetworks, tiny_profile: DiffusionProfile) -> DiffusionEngine:
    """Draws two at once; three wait."""
    return DiffusionEngine(networks, tiny_profile, EngineLimits(max_in_flight=2, max_queued=3))


@pytest.fixture
def running(narrow: DiffusionEngine) -> Iterator[DiffusionEngine]:
    loop = threading.Thread(target=narrow.run_forever)
    loop.start()
    yield narrow
    narrow.stop()
    loop.join(60)
    assert not loop.is_alive()


def add(engine: DiffusionEngine, count: int, steps: int = 4) -> list[Recorder]:
    recorders = [Recorder() for _ in range(count)]
    for seed, recorder in enumerate(recorders):
        engine.add(replace(PLAIN, steps=steps, seed=seed), recorder)
    return recorders


def test_first_come_first_served_two_at_a_time(narrow: DiffusionEngine) -> None:
    recorders = add(narrow, 5)
    narrow.step()
    assert [len(recorder.progress) for recorder in recorders] == [1, 1, 0, 0, 0]
    for _ in range(3):
        narrow.step()
    assert [len(recorder.drawings) for recorder in recorders] == [1, 1, 0, 0, 0]
    narrow.step()
    assert [len(recorder.progress) for recorder in recorders] == [4, 4, 1, 1, 0]
    step_to_the_end(narrow)
    assert all(recorder.drawings for recorder in recorders)


def test_one_too_many_is_refused_and_fits_later(narrow: DiffusionEngine) -> None:
    add(narrow, 5)
    with pytest.raises(QueueFullError, match="Exceeds maximum queue size"):
        add(narrow, 1)
    narrow.step()
    with pytest.raises(QueueFullError):
        add(narrow, 1)
    for _ in range(3):
        narrow.step()
    add(narrow, 2)
    with pytest.raises(QueueFullError):
        add(narrow, 1)


def test_a_cancelled_request_leaves_the_queue(narrow: DiffusionEngine) -> None:
    add(narrow, 2)
    leaver, next_one = Recorder(cancel_after=0), Recorder()
    narrow.add(PLAIN, leaver)
    narrow.add(PLAIN, next_one)
    narrow.step()
    assert isinstance(leaver.errors[0], RequestCancelledError)
    add(narrow, 2)
    step_to_the_end(narrow)
    assert leaver.progress == []
    assert next_one.drawings


def test_patience_ends_in_the_queue_only(narrow: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("visgate_server.diffusion.active_request.monotonic", lambda: now)
    in_flight, impatient, patient = Recorder(), Recorder(), Recorder()
    narrow.add(PLAIN, in_flight, queue_timeout=5)
    add(narrow, 1)
    narrow.step()
    narrow.add(PLAIN, impatient, queue_timeout=5)
    narrow.add(PLAIN, patient, queue_timeout=7)
    now = 106.0
    step_to_the_end(narrow)
    assert in_flight.drawings
    assert patient.drawings
    with pytest.raises(QueueTimeoutError, match="Request timeout expired"):
        _ = impatient.drawing


def test_the_loop_draws_sleeps_and_wakes(running: DiffusionEngine) -> None:
    for turn in (1, 2):
        recorders = add(running, 4)
        assert all(recorder.ended.wait(60) for recorder in recorders)
        calls = running.unet_calls
        time.sleep(0.05)
        assert running.unet_calls == calls  # it sleeps
        assert running.unet_rows == 4 * 4 * 2 * turn
        assert all(recorder.drawings for recorder in recorders)


def test_many_threads_may_add(running: DiffusionEngine) -> None:
    recorders = [Recorder() for _ in range(24)]

    def add_when_there_is_room(recorder: Recorder) -> None:
        while True:
            try:
                return running.add(PLAIN, recorder)
            except QueueFullError:
                time.sleep(0.002)

    threads = [threading.Thread(target=add_when_there_is_room, args=[recorder]) for recorder in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(recorder.ended.wait(60) for recorder in recorders)
    assert {recorder.drawing.picture.tobytes() for recorder in recorders} == {recorders[0].drawing.picture.tobytes()}


def test_stopping_tells_everybody_who_is_left(narrow: DiffusionEngine) -> None:
    recorders = add(narrow, 4, steps=150)
    loop = threading.Thread(target=narrow.run_forever)
    loop.start()
    while not recorders[0].progress:
        time.sleep(0.001)
    narrow.stop()
    loop.join(60)
    assert not loop.is_alive()
    assert [[type(error) for error in recorder.errors] for recorder in recorders] == [[ServerStoppingError]] * 4
    with pytest.raises(ServerStoppingError):
        narrow.add(PLAIN, Recorder())


def test_limits_that_cannot_work_are_refused() -> None:
    with pytest.raises(SpecError, match="max_rows"):
        EngineLimits(max_rows=2)
    with pytest.raises(SpecError, match="max_in_flight"):
        EngineLimits(max_in_flight=0)
