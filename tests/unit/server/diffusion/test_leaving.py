"""Who cancels, fails or is done leaves at the next step, takes nobody along and leaves nothing behind."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diffusion_profiles import POISON
from engine_listening import Recorder, draw, step_to_the_end
from sample_requests import PLAIN, SAMPLES, noise_picture

from visgate_server.diffusion.active_request import ActiveRequest
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import Control
from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.host_tensors import HostTensors
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.row_batch import RowBatch
from visgate_server.errors import ModelFaultError, RequestCancelledError
from visgate_server.networks import Network, Tensors


class BreakingNetwork:
    """A real network that breaks down at some of its runs, as a GPU that runs out of memory may."""

    def __init__(self, network: Network, breaking_runs: set[int]) -> None:
        self._network = network
        self._breaking = breaking_runs
        self._runs = 0
        self.input_names = network.input_names
        self.metadata = network.metadata

    def run(self, inputs: Tensors) -> dict[str, Any]:
        self._runs += 1
        if self._runs in self._breaking:
            raise MemoryError("out of memory")
        return self._network.run(inputs)


def breaking_engine(
    networks: DiffusionNetworks, profile: DiffusionProfile, breaking_runs: set[int], *path: str
) -> DiffusionEngine:
    """An engine one of whose networks breaks; `path` is its attribute and, where that is a mapping, its key."""
    name, *key = path
    part: Any = getattr(networks, name)
    if isinstance(part, Mapping):
        part = {**part, key[0]: BreakingNetwork(part[key[0]], breaking_runs)}
    else:
        part = BreakingNetwork(part, breaking_runs)
    return DiffusionEngine(replace(networks, **{name: part}), profile, EngineLimits())


def unharmed(engine: DiffusionEngine, recorder: Recorder, name: str) -> bool:
    [alone] = draw(engine, SAMPLES[name])
    return bool(np.abs(alone.picture.astype(int) - recorder.drawing.picture).max() <= 1)


def test_a_cancelled_request_leaves_at_its_next_step(engine: DiffusionEngine) -> None:
    leaver, stayer = Recorder(cancel_after=2), Recorder()
    engine.add(replace(PLAIN, steps=50), leaver)
    engine.add(SAMPLES["ddim"], stayer)
    engine.step()
    engine.step()
    assert engine.unet_rows == 8
    engine.step()
    assert engine.unet_rows == 8 + 2
    assert leaver.progress == [(1, 50), (2, 50)]
    [error] = leaver.errors
    assert isinstance(error, RequestCancelledError)
    step_to_the_end(engine)
    assert unharmed(engine, stayer, "ddim")


def test_is_cancelled_is_asked_once_a_step(engine: DiffusionEngine) -> None:
    recorder = Recorder()
    engine.add(PLAIN, recorder)
    step_to_the_end(engine)
    assert recorder.asked == PLAIN.steps


def test_latents_that_are_no_numbers_fail_their_own_request_alone(engine: DiffusionEngine) -> None:
    poisoned, stayer = Recorder(), Recorder()
    engine.add(replace(PLAIN, prompt=POISON), poisoned)
    engine.add(SAMPLES["ddim"], stayer)
    step_to_the_end(engine)
    assert poisoned.progress == []
    with pytest.raises(ModelFaultError, match="no numbers"):
        _ = poisoned.drawing
    assert stayer.drawing.mean_requests > 1
    assert unharmed(engine, stayer, "ddim")


@pytest.mark.parametrize(
    ("path", "victim", "bystander"),
    [
        (("unets", "base"), "ddim", "edit"),
        (("unets", "edit"), "edit", "ddim"),
        (("controls", "edges"), "edges", "wide"),
        (("vae_encoder",), "redraw", "ddim"),
        (("vae_decoder",), "wide", "ddim"),
    ],
)
def test_a_network_that_breaks_fails_who_was_in_the_call(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile, path: tuple[str, ...], victim: str, bystander: str
) -> None:
    engine = breaking_engine(networks, tiny_profile, {1}, *path)
    failing, passing = [Recorder(), Recorder()], Recorder()
    for recorder in failing:
        engine.add(SAMPLES[victim], recorder)
    engine.add(SAMPLES[bystander], passing)
    step_to_the_end(engine)
    for recorder in failing:
        with pytest.raises(ModelFaultError, match="out of memory"):
            _ = recorder.drawing
    assert unharmed(engine, passing, bystander)
    [second_try] = draw(engine, SAMPLES[victim])
    assert second_try.picture.shape[2] == 3


def test_a_text_encoder_that_breaks_fails_who_arrived_and_not_who_is_drawn(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile
) -> None:
    engine = breaking_engine(networks, tiny_profile, {2}, "text_encoder")
    early, late = Recorder(), Recorder()
    engine.add(SAMPLES["ddim"], early)
    engine.step()
    engine.add(SAMPLES["euler"], late)
    step_to_the_end(engine)
    assert isinstance(late.errors[0], ModelFaultError)
    assert unharmed(engine, early, "ddim")


def test_an_error_that_somebody_keeps_keeps_no_tensors(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile
) -> None:
    engine = breaking_engine(networks, tiny_profile, {1}, "unets", "base")
    recorder = Recorder()
    gc.collect()
    gc.disable()
    try:
        engine.add(PLAIN, recorder)
        step_to_the_end(engine)
        assert recorder.errors[0].__cause__ is not None
        assert not [thing for thing in gc.get_objects() if type(thing) in (ActiveRequest, RowBatch, HostTensors)]
    finally:
        gc.enable()


class Rude(Recorder):
    """Raises from one of its methods."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.calls = 0
        setattr(self, method, self._raise)

    def _raise(self, *_: object) -> bool:
        self.calls += 1
        raise RuntimeError("nobody is there")


@pytest.mark.parametrize("method", ["on_progress", "on_result", "is_cancelled"])
def test_a_listener_that_raises_is_dropped_and_nobody_notices(engine: DiffusionEngine, method: str) -> None:
    rude, polite = Rude(method), Recorder()
    engine.add(replace(PLAIN, seed=77), rude)
    engine.add(SAMPLES["ddim"], polite)
    step_to_the_end(engine)
    assert rude.calls == 1
    assert (rude.drawings, rude.errors) == ([], [])
    assert unharmed(engine, polite, "ddim")


def test_a_thousand_requests_leave_nothing_behind(networks: DiffusionNetworks, tiny_profile: DiffusionProfile) -> None:
    """Finished, cancelled in flight, cancelled in the queue and failed: gone without a garbage collection."""
    engine = DiffusionEngine(networks, tiny_profile, EngineLimits(max_in_flight=16, max_queued=1000, max_rows=12))
    random = np.random.default_rng(0)
    left: list[weakref.ref[Any]] = []
    ends: Counter[str] = Counter()

    class Counting(Recorder):
        def on_result(self, drawing: Drawing) -> None:
            ends["drawn"] += 1
            left.append(weakref.ref(drawing.picture))

        def on_error(self, error: Exception) -> None:
            ends[type(error).__name__] += 1
            left.append(weakref.ref(error))

    gc.collect()
    gc.disable()
    try:
        for number in range(1000):
            picture = noise_picture(number % 50)
            request = replace(
                PLAIN,
                steps=3,
                seed=number,
                prompt=POISON if number % 10 == 0 else "a cat",
                control=Control("depth", picture) if number % 3 == 0 else None,
            )
            listener = Counting(cancel_after=int(random.integers(0, 3)) if number % 2 else None)
            engine.add(request, listener)
            left += [weakref.ref(listener), weakref.ref(request), weakref.ref(picture)]
            if number % 5 == 0:
                engine.step()
        del picture, request, listener
        step_to_the_end(engine)
        assert sum(ends.values()) == 1000
        assert min(ends["drawn"], ends["RequestCancelledError"], ends["ModelFaultError"]) >= 100
        assert [ref() for ref in left if ref() is not None] == []
        assert not [thing for thing in gc.get_objects() if type(thing) in (ActiveRequest, RowBatch)]
    finally:
        gc.enable()
