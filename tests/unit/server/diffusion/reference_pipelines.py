"""Draws one request as diffusers' Stable Diffusion pipelines do: their schedulers, their formulas, the same networks.

Nothing of the engine is used but its networks: guidance, channel layouts and schedules are written out here as the
pipelines have them (text to image, image to image, ControlNet, InstructPix2Pix, inpainting).
"""

from __future__ import annotations

from typing import Any

import cv2
import diffusers
import numpy as np
import torch
from numpy.typing import NDArray
from tiny_networks import SCALING_FACTOR

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.profile import DiffusionProfile

STABLE_DIFFUSION: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}
LEADING: dict[str, Any] = {"timestep_spacing": "leading", "steps_offset": 1}
Latents = NDArray[np.float32]


def diffusers_scheduler(name: str, prediction: str = "epsilon") -> Any:
    """diffusers' scheduler, configured as Stable Diffusion 1.5 has it."""
    common = {**STABLE_DIFFUSION, "prediction_type": prediction}
    match name:
        case "ddim":
            return diffusers.DDIMScheduler(**common, **LEADING, clip_sample=False, set_alpha_to_one=False)
        case "euler":
            return diffusers.EulerDiscreteScheduler(**common, **LEADING)
        case "euler_ancestral":
            return diffusers.EulerAncestralDiscreteScheduler(**common, **LEADING)
        case "dpm_solver++":
            return diffusers.DPMSolverMultistepScheduler(**common)
    raise ValueError(name)


def start_in_the_middle(scheduler: Any, steps: int, strength: float) -> int:
    """Sets a scheduler up as StableDiffusionImg2ImgPipeline.get_timesteps does; returns the first step."""
    scheduler.set_timesteps(steps)
    first = max(steps - min(int(steps * strength), steps), 0)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return first


def reference_drawing(
    request: DrawRequest, networks: DiffusionNetworks, profile: DiffusionProfile, monkeypatch: Any
) -> NDArray[np.uint8]:
    """The picture that the pipelines would give, with the request's own random numbers."""
    generator = np.random.Generator(np.random.Philox(key=request.seed))
    shape = (1, profile.latent_channels, request.height // 8, request.width // 8)
    monkeypatch.setattr(
        "diffusers.schedulers.scheduling_euler_ancestral_discrete.randn_tensor",
        lambda *_, **__: torch.from_numpy(generator.standard_normal(shape, np.float32)),
    )
    scheduler = diffusers_scheduler(request.scheduler)
    first = start_in_the_middle(scheduler, request.steps, request.strength)
    noise = torch.from_numpy(generator.standard_normal(shape, np.float32))
    if request.image is None or request.unet == "edit" or (request.unet == "inpaint" and request.strength == 1):
        latents = noise * scheduler.init_noise_sigma
    else:
        picture = torch.from_numpy(encoded(networks, fitted(request.image, request)))
        latents = scheduler.add_noise(picture, noise, scheduler.timesteps[first : first + 1])
    for timestep in scheduler.timesteps[first:]:
        scaled = scheduler.scale_model_input(latents, timestep).numpy()
        predicted = guided_noise(request, networks, scaled, float(timestep))
        latents = scheduler.step(torch.from_numpy(predicted), timestep, latents).prev_sample
    return networks.vae_decoder.run({"latents": latents.numpy()})["image"][0]


def guided_noise(request: DrawRequest, networks: DiffusionNetworks, scaled: Latents, timestep: float) -> Latents:
    """One row at a time through the UNet, then the pipelines' guidance."""
    text, negative = embedded(networks, request.prompt), embedded(networks, request.negative_prompt)
    unet = networks.unets[request.unet]
    time = np.array([timestep], np.float32)

    def noise(embedding: Latents, *beside: Latents) -> Latents:
        inputs = {"sample": np.concatenate([scaled, *beside], axis=1), "timestep": time, "embedding": embedding}
        residuals = control_residuals(request, networks, inputs) if request.unet == "base" else {}
        return unet.run({**inputs, **residuals})["noise"]

    if request.unet == "edit":
        image = encoded(networks, fitted(request.image, request)) / SCALING_FACTOR
        nothing = np.zeros_like(image)
        of_text, of_image, of_nothing = noise(text, image), noise(negative, image), noise(negative, nothing)
        return (
            of_nothing
            + np.float32(request.guidance) * (of_text - of_image)
            + np.float32(request.image_guidance) * (of_image - of_nothing)
        )
    beside: tuple[Latents, ...] = ()
    if request.unet == "inpaint":
        beside = inpainting_channels(request, networks)
    unconditional, conditional = noise(negative, *beside), noise(text, *beside)
    return unconditional + np.float32(request.guidance) * (conditional - unconditional)


def control_residuals(request: DrawRequest, networks: DiffusionNetworks, inputs: dict[str, Any]) -> dict[str, Any]:
    """A ControlNet's outputs times the conditioning scale, or zeros."""
    kind = request.control.kind if request.control else "edges"
    scale = request.control.scale if request.control else 0.0
    picture = request.control.picture if request.control else np.zeros((request.height, request.width, 3), np.uint8)
    outputs = networks.controls[kind].run({**inputs, "control": picture[None]})
    return {name: np.float32(scale) * value for name, value in outputs.items()}


def inpainting_channels(request: DrawRequest, networks: DiffusionNetworks) -> tuple[Latents, Latents]:
    """The mask at the latents' size (torch's nearest) and the latents of the picture without what it covers."""
    covered = torch.from_numpy((request.mask >= 128).astype(np.float32))[None, None]
    mask = torch.nn.functional.interpolate(covered, size=(request.height // 8, request.width // 8)).numpy()
    masked = np.where(request.mask[..., None] >= 128, np.uint8(128), fitted(request.image, request))
    return mask, encoded(networks, masked)


def embedded(networks: DiffusionNetworks, prompt: str) -> Latents:
    """A prompt's embedding, float32 [1, tokens, D]."""
    return networks.text_encoder.run({"input_ids": networks.tokenizer.encode(prompt).ids[None]})["embedding"]


def encoded(networks: DiffusionNetworks, picture: NDArray[np.uint8]) -> Latents:
    """A picture's scaled latents, float32 [1, C, h, w]."""
    return networks.vae_encoder.run({"image": picture[None]})["latents"]


def fitted(picture: Any, request: DrawRequest) -> NDArray[np.uint8]:
    """A picture at the drawing's size, which it must not exceed either way in these tests' samples."""
    return cv2.resize(picture, (request.width, request.height), interpolation=cv2.INTER_AREA)
