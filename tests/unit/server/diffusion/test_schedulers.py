"""Every scheduler's table makes the steps that diffusers' own scheduler makes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusion_profiles import profile
from numpy.typing import NDArray
from reference_pipelines import diffusers_scheduler, start_in_the_middle

from visgate_server.diffusion.schedulers import SCHEDULERS
from visgate_server.diffusion.schedulers.noise_schedule import NoiseSchedule, noise_schedule
from visgate_server.diffusion.schedulers.step_table import COLUMNS, StepTable

SHAPE = (1, 4, 8, 8)
Latents = NDArray[np.float32]


def schedule(prediction: str = "epsilon") -> NoiseSchedule:
    return noise_schedule(replace(profile(), prediction=prediction))


def columns(table: StepTable, step: int) -> dict[str, np.float32]:
    return dict(zip(COLUMNS, table.rows[step], strict=True))


def predicted_noise(step: int) -> Latents:
    """What a UNet might say at a step: unrelated to the latents, so that no term of the formula can hide another."""
    return np.random.default_rng(100 + step).standard_normal(SHAPE, np.float32)


def close(ours: Latents, theirs: Latents) -> bool:
    return bool(np.abs(ours - theirs).max() <= 2e-5 * max(1.0, np.abs(theirs).max()))


def starts(steps: int) -> list[float]:
    """Strengths that leave steps to run."""
    return [strength for strength in (1.0, 0.75, 0.3) if int(steps * strength) > 0]


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize(
    ("steps", "strength"),
    [(steps, strength) for steps in (1, 2, 3, 7, 14, 15, 20, 50, 150) for strength in starts(steps)],
)
@pytest.mark.parametrize("name", SCHEDULERS)
def test_each_step_is_diffusers_step(name: str, steps: int, strength: float, prediction: str) -> None:
    theirs = diffusers_scheduler(name, prediction)
    first = start_in_the_middle(theirs, steps, strength)
    table = SCHEDULERS[name](schedule(prediction), steps, first)
    assert table.steps == steps - first

    latents = np.random.default_rng(steps).standard_normal(SHAPE, np.float32) * np.float32(table.pure_noise_scale)
    their_latents = torch.from_numpy(latents.copy())
    previous_x0 = np.zeros(SHAPE, np.float32)
    generator = torch.Generator().manual_seed(3)
    fresh_noise = torch.Generator().manual_seed(3)
    for step, timestep in enumerate(theirs.timesteps[first:]):
        row = columns(table, step)
        assert row["timestep"] == pytest.approx(float(timestep))
        their_input = theirs.scale_model_input(their_latents, timestep)
        assert close(row["input_scale"] * latents, their_input.numpy())
        noise = predicted_noise(step)
        extra = {"generator": generator} if name == "euler_ancestral" else {}
        their_latents = theirs.step(torch.from_numpy(noise), timestep, their_latents, **extra).prev_sample

        fresh = torch.randn(SHAPE, generator=fresh_noise).numpy() if name == "euler_ancestral" else np.zeros(SHAPE)
        x0 = row["x0_from_latents"] * latents + row["x0_from_noise"] * noise
        latents = (
            row["next_from_latents"] * latents
            + row["next_from_x0"] * x0
            + row["next_from_previous_x0"] * previous_x0
            + row["next_from_fresh_noise"] * fresh.astype(np.float32)
        )
        previous_x0 = x0
        assert close(latents, their_latents.numpy()), f"step {step}"


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("steps", [5, 20])
def test_pure_noise_has_diffusers_strength(name: str, steps: int) -> None:
    theirs = diffusers_scheduler(name)
    theirs.set_timesteps(steps)
    table = SCHEDULERS[name](schedule(), steps, 0)
    assert table.pure_noise_scale == pytest.approx(float(theirs.init_noise_sigma), rel=1e-5)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("strength", [1.0, 0.5, 0.2])
def test_a_picture_gets_diffusers_noise(name: str, strength: float) -> None:
    theirs = diffusers_scheduler(name)
    first = start_in_the_middle(theirs, 20, strength)
    table = SCHEDULERS[name](schedule(), 20, first)
    picture, noise = (np.random.default_rng(seed).standard_normal(SHAPE, np.float32) for seed in (1, 2))
    their_latents = theirs.add_noise(
        torch.from_numpy(picture), torch.from_numpy(noise), theirs.timesteps[first : first + 1]
    )
    ours = np.float32(table.picture_scale) * picture + np.float32(table.picture_noise_scale) * noise
    assert close(ours, their_latents.numpy())
