"""Previews come when they are due, and look like the drawing they announce."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusion_profiles import profile
from engine_listening import Recorder, step_to_the_end
from reference_pipelines import diffusers_scheduler, guided_noise
from sample_requests import PLAIN

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.previews import Previewer


@pytest.mark.parametrize(("every", "count"), [(0, 0), (1, 8), (2, 4), (3, 2), (9, 0)])
def test_previews_come_every_so_many_steps_but_not_with_the_last(
    engine: DiffusionEngine, every: int, count: int
) -> None:
    recorder = Recorder()
    engine.add(replace(PLAIN, steps=9, preview_every=every), recorder)
    step_to_the_end(engine)
    assert recorder.progress == [(step, 9) for step in range(1, 10)]
    assert len(recorder.previews) == count


def test_a_preview_is_the_linear_map_of_the_latents_and_clipped() -> None:
    latents = np.zeros((4, 8, 8), np.float32)
    latents[0, :, 4:] = 1.0
    latents[2, :, :4] = 50.0
    preview = Previewer(profile()).preview(latents)
    assert preview.shape == (64, 64, 3)
    assert preview.dtype == np.uint8
    assert np.abs(preview[:, 60].astype(int) - [round(255 * 0.7), round(255 * 0.4), round(255 * 0.3)]).max() <= 1
    assert np.abs(preview[:, 3].astype(int) - [round(255 * 0.5), round(255 * 0.4), 255]).max() <= 1


@pytest.mark.parametrize(
    ("latents", "picture"), [((8, 16), (32, 64)), ((24, 8), (48, 16)), ((64, 64), (64, 64)), ((96, 64), (96, 64))]
)
def test_previews_are_small_whatever_the_drawing(latents: tuple[int, int], picture: tuple[int, int]) -> None:
    preview = Previewer(profile()).preview(np.zeros((4, *latents), np.float32))
    assert preview.shape == (*picture, 3)


def test_a_preview_shows_the_picture_that_the_step_guessed_and_not_its_noise(
    engine: DiffusionEngine, networks: DiffusionNetworks
) -> None:
    request = replace(PLAIN, scheduler="euler", steps=10, preview_every=1)
    recorder = Recorder()
    engine.add(request, recorder)
    engine.step()
    scheduler = diffusers_scheduler("euler")
    scheduler.set_timesteps(10)
    noise = np.random.Generator(np.random.Philox(key=request.seed)).standard_normal((1, 4, 8, 8), np.float32)
    latents = torch.from_numpy(noise) * scheduler.init_noise_sigma
    [timestep, *_] = scheduler.timesteps
    scaled = scheduler.scale_model_input(latents, timestep).numpy()
    predicted = torch.from_numpy(guided_noise(request, networks, scaled, float(timestep)))
    guessed = scheduler.step(predicted, timestep, latents).pred_original_sample.numpy()[0]
    [preview] = recorder.previews
    assert np.abs(preview.astype(int) - Previewer(profile()).preview(guessed)).max() <= 1
    assert np.abs(preview.astype(int) - Previewer(profile()).preview(latents.numpy()[0])).mean() > 20


def test_previews_come_nearer_to_the_last(engine: DiffusionEngine) -> None:
    recorder = Recorder()
    engine.add(replace(PLAIN, steps=20, preview_every=1, scheduler="dpm_solver++"), recorder)
    step_to_the_end(engine)
    last = recorder.previews[-1].astype(int)
    distances = [np.abs(preview - last).mean() for preview in recorder.previews]
    assert distances[0] > distances[9] > distances[17] > 0


def test_the_previews_of_a_batch_are_each_requests_own(engine: DiffusionEngine) -> None:
    requests = [replace(PLAIN, seed=seed, preview_every=2) for seed in range(3)]
    recorders = [Recorder() for _ in requests]
    for request, recorder in zip(requests, recorders, strict=True):
        engine.add(request, recorder)
    step_to_the_end(engine)
    for request, recorder in zip(requests, recorders, strict=True):
        alone = Recorder()
        engine.add(request, alone)
        step_to_the_end(engine)
        assert len(alone.previews) == 2
        for ours, theirs in zip(alone.previews, recorder.previews, strict=True):
            assert np.abs(ours.astype(int) - theirs).max() <= 1
