"""Where not everybody can advance at a step, those with the fewest steps left do, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_listening import Recorder, draw, step_to_the_end
from sample_requests import PLAIN

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.errors import SpecError


@pytest.fixture
def narrow(networks: DiffusionNetworks, tiny_profile: DiffusionProfile) -> DiffusionEngine:
    return DiffusionEngine(networks, tiny_profile, EngineLimits(max_advancing=2))


def test_no_more_advance_than_may(narrow: DiffusionEngine) -> None:
    draw(narrow, *(replace(PLAIN, seed=seed, steps=6) for seed in range(4)))
    assert narrow.unet_calls == 12  # two at a time, six steps each
    assert narrow.unet_rows == 4 * 6 * 2


def test_the_shortest_is_finished_first(narrow: DiffusionEngine) -> None:
    finished: list[str] = []

    class Named(Recorder):
        def on_result(self, drawing: object) -> None:
            finished.append(names[self])
            super().on_result(drawing)  # type: ignore[arg-type]

    names = {Named(): f"{steps} steps" for steps in (12, 9, 3)}
    for recorder, name in names.items():
        narrow.add(replace(PLAIN, steps=int(name.split()[0])), recorder)
    step_to_the_end(narrow)
    assert finished == ["3 steps", "9 steps", "12 steps"]


def test_being_passed_over_changes_nothing_in_the_drawing(narrow: DiffusionEngine, engine: DiffusionEngine) -> None:
    requests = [replace(PLAIN, seed=seed, steps=4 + seed, scheduler="euler_ancestral") for seed in range(5)]
    for one, other in zip(draw(narrow, *requests), draw(engine, *requests), strict=True):
        assert np.abs(one.picture.astype(int) - other.picture).max() <= 1


def test_a_long_request_is_not_starved_by_a_stream_of_short_ones(
    networks: DiffusionNetworks, tiny_profile: DiffusionProfile
) -> None:
    engine = DiffusionEngine(networks, tiny_profile, EngineLimits(max_advancing=1))
    long = Recorder()
    engine.add(replace(PLAIN, steps=10), long)
    engine.step()
    for seed in range(60):
        engine.add(replace(PLAIN, steps=2, seed=seed), Recorder())
        engine.step()
        engine.step()
        if long.drawings:
            break
    assert long.drawings, "passed over for 120 steps"
    step_to_the_end(engine)


def test_a_limit_of_nobody_is_refused() -> None:
    with pytest.raises(SpecError, match="max_advancing"):
        EngineLimits(max_advancing=0)
