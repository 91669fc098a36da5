"""Makes requests ready for their first step: the text encoder and the VAE encoder, once for all that came together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from visgate_server.diffusion.active_request import ActiveRequest, Conditions
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.diffusion.faults import shared_fate, sound
from visgate_server.diffusion.grouping import same_size_groups
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.prompts import Prompt
from visgate_server.diffusion.schedulers.step_table import Float32Array


class Admission:
    """Runs what is run once a request, before its first step."""

    def __init__(self, networks: DiffusionNetworks, profile: DiffusionProfile, max_pictures: int) -> None:
        self._text_encoder = networks.text_encoder
        self._vae_encoder = networks.vae_encoder
        self._profile = profile
        self._max_pictures = max_pictures

    def admit(self, arrived: Sequence[ActiveRequest]) -> None:
        """Gives each request its conditions and its first latents, or its fault."""
        embeddings = self._embed(arrived)
        starts = self._encode(sound(arrived), lambda request: request.pictures.start)
        guides = self._encode(sound(arrived), lambda request: request.pictures.guide)
        for request in sound(arrived):
            with shared_fate((request,), "laying out a request"):
                request.conditions = Conditions(
                    embeddings=np.stack([embeddings[_key(_prompt(request, row.prompted))] for row in request.rows]),
                    channels=self._channels(request, guides.get(request)),
                )
                request.latents = self._first_latents(request, starts.get(request))
                request.previous_x0 = np.zeros_like(request.latents)

    def _embed(self, arrived: Sequence[ActiveRequest]) -> Mapping[bytes, Float32Array]:
        """Every prompt's embedding, float32 [tokens, D], by its key; equal prompts are encoded once."""
        prompts = {
            _key(prompt): prompt
            for request in arrived
            for prompt in (_prompt(request, row.prompted) for row in request.rows)
        }
        embeddings: dict[bytes, Float32Array] = {}
        with shared_fate(arrived, "the text encoder"):
            input_ids = np.stack([prompt.ids for prompt in prompts.values()])
            encoded = self._text_encoder.run({"input_ids": input_ids})["embedding"]
            embeddings.update(zip(prompts, encoded, strict=True))
        return embeddings

    def _encode(
        self, requests: Sequence[ActiveRequest], picture_of: Callable[[ActiveRequest], UInt8Array | None]
    ) -> Mapping[ActiveRequest, Float32Array]:
        """The latents, float32 [C, h, w], of one picture of each request that has it."""
        latents: dict[ActiveRequest, Float32Array] = {}
        pictured = [request for request in requests if picture_of(request) is not None]
        for group in same_size_groups(pictured, self._max_pictures):
            with shared_fate(group, "the VAE encoder"):
                images = np.stack([picture for request in group if (picture := picture_of(request)) is not None])
                latents.update(zip(group, self._vae_encoder.run({"image": images})["latents"], strict=True))
        return latents

    def _channels(self, request: ActiveRequest, guide: Float32Array | None) -> Float32Array | None:
        """What each row's UNet sees beside the latents, as diffusers' pipelines for edit and inpaint lay it out."""
        if guide is None:
            return None
        channels: list[Float32Array]
        if request.pictures.mask is not None:
            channels = [np.concatenate([request.pictures.mask, guide])] * len(request.rows)
        else:
            unscaled = guide / np.float32(self._profile.scaling_factor)
            channels = [unscaled if row.pictured else np.zeros_like(unscaled) for row in request.rows]
        return np.stack(channels)

    def _first_latents(self, request: ActiveRequest, start: Float32Array | None) -> Float32Array:
        profile, table = self._profile, request.table
        height, width = (side // profile.latent_scale for side in (request.request.height, request.request.width))
        noise = request.generator.standard_normal((profile.latent_channels, height, width), np.float32)
        if start is None:
            return np.float32(table.pure_noise_scale) * noise
        return np.float32(table.picture_scale) * start + np.float32(table.picture_noise_scale) * noise


def _prompt(request: ActiveRequest, prompted: bool) -> Prompt:
    return request.prompt if prompted else request.negative


def _key(prompt: Prompt) -> bytes:
    return prompt.ids.tobytes()
