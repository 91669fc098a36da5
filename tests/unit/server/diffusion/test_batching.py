"""A request's drawing does not depend on what else is drawn; calls are shared as far as sizes and limits allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_listening import Recorder, draw, step_to_the_end
from sample_requests import PLAIN, SAMPLES

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import DrawRequest, UInt8Array
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile


def differs(picture: UInt8Array, other: UInt8Array) -> bool:
    """By more than one grey level, which rounding to whole levels can make of float32's last bits."""
    return bool(np.abs(picture.astype(int) - other).max() > 1)


def test_a_batch_equals_its_requests_one_by_one(engine: DiffusionEngine) -> None:
    together = draw(engine, *SAMPLES.values())
    for (name, request), drawing in zip(SAMPLES.items(), together, strict=True):
        [alone] = draw(engine, request)
        assert not differs(alone.picture, drawing.picture), name


def test_a_seed_decides_the_drawing(engine: DiffusionEngine) -> None:
    request = replace(PLAIN, scheduler="euler_ancestral")
    first, again, other = draw(engine, request, request, replace(request, seed=request.seed + 1))
    assert np.array_equal(first.picture, again.picture)
    assert differs(first.picture, other.picture)
    assert first.seed == request.seed


def test_requests_at_different_steps_share_calls(engine: DiffusionEngine) -> None:
    """Three requests that arrive two steps apart, of 6 steps each, take 10 calls and not 18."""
    recorders = [Recorder() for _ in range(3)]
    for number, recorder in enumerate(recorders):
        engine.add(replace(PLAIN, seed=number), recorder)
        engine.step()
        engine.step()
    step_to_the_end(engine)
    assert engine.unet_calls == 10
    assert engine.unet_rows == 3 * 6 * 2
    for number, recorder in enumerate(recorders):
        [alone] = draw(engine, replace(PLAIN, seed=number))
        assert not differs(alone.picture, recorder.drawing.picture)
        assert recorder.drawing.unet_calls == recorder.drawing.steps == 6
    assert [recorder.drawing.mean_requests for recorder in recorders] == [12 / 6, 14 / 6, 12 / 6]


def test_rows_are_only_those_that_carry_weight(engine: DiffusionEngine) -> None:
    draw(engine, SAMPLES["no_guidance"], SAMPLES["unprompted"])
    assert (engine.unet_calls, engine.unet_rows) == (6, 12)


def test_each_size_and_unet_has_its_own_calls(engine: DiffusionEngine) -> None:
    names = ("ddim", "negative", "wide", "edit", "inpaint")
    drawings = draw(engine, *(SAMPLES[name] for name in names))
    assert engine.unet_calls == 4 * 6
    assert [drawing.mean_requests for drawing in drawings] == [2, 2, 1, 1, 1]
    assert [drawing.picture.shape for drawing in drawings] == [(64, 64, 3)] * 2 + [(64, 128, 3)] + [(64, 64, 3)] * 2


@pytest.mark.parametrize(("max_rows", "calls_a_step"), [(16, 1), (15, 2), (8, 2), (7, 3), (3, 8)])
def test_too_many_rows_are_dealt_over_calls(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile, max_rows: int, calls_a_step: int
) -> None:
    """Eight requests of two rows: everybody still advances at every step, and draws what it draws alone."""
    engine = DiffusionEngine(networks, tiny_profile, EngineLimits(max_rows=max_rows))
    requests = [replace(PLAIN, seed=seed) for seed in range(8)]
    recorders = [Recorder() for _ in requests]
    for request, recorder in zip(requests, recorders, strict=True):
        engine.add(request, recorder)
    for step in range(1, 7):
        engine.step()
        assert [recorder.progress[-1][0] for recorder in recorders] == [step] * 8
    assert engine.unet_calls == 6 * calls_a_step
    shares = [recorder.drawing.mean_requests for recorder in recorders]
    assert max(shares) - min(shares) <= 1
    for request, recorder in zip(requests, recorders, strict=True):
        [alone] = draw(engine, request)
        assert not differs(alone.picture, recorder.drawing.picture)


@pytest.mark.parametrize("seed", range(4))
def test_any_interleaving_gives_what_one_at_a_time_gives(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile, seed: int
) -> None:
    """Requests of every sort arrive at random steps, and a third of them cancel at a random step."""
    random = np.random.default_rng(seed)
    limits = EngineLimits(max_in_flight=6, max_queued=60, max_rows=7, max_pictures=2)
    engine = DiffusionEngine(networks, tiny_profile, limits)
    names = list(SAMPLES)
    drawn: list[tuple[DrawRequest, Recorder]] = []
    for _ in range(40):
        name = names[random.integers(len(names))]
        request = replace(SAMPLES[name], seed=int(random.integers(1000)))
        recorder = Recorder(cancel_after=int(random.integers(0, 6)) if random.random() < 1 / 3 else None)
        engine.add(request, recorder)
        drawn.append((request, recorder))
        for _ in range(random.integers(0, 4)):
            engine.step()
    step_to_the_end(engine)
    finished = [(request, recorder) for request, recorder in drawn if recorder.drawings]
    assert 20 < len(finished) < 40
    assert all(len(recorder.drawings) + len(recorder.errors) == 1 for _, recorder in drawn)
    for request, recorder in finished:
        [alone] = draw(engine, request)
        assert not differs(alone.picture, recorder.drawing.picture), request
