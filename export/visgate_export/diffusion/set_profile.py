"""Works out the profile of a set of diffusion networks from the networks themselves; writes no file."""

from collections.abc import Mapping

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from visgate_export.diffusion.graphs import PIXELS_PER_LATENT
from visgate_export.diffusion.latent_colours import LatentColours, fit_latent_colours
from visgate_export.diffusion.network_set import NetworkSet
from visgate_export.diffusion.residuals import residuals_of
from visgate_export.diffusion.wrappers import LatentEncoder
from visgate_export.recipe import Materials
from visgate_server.diffusion.profile import DiffusionProfile

_SIZE_MULTIPLE = 64
"""Pixels: Stable Diffusion's three halvings of latents, which are an eighth of the picture."""
_LARGEST = 2
"""The largest picture is so many times as wide and high as those that the UNet learned on."""


def profile_of_set(
    networks: NetworkSet, materials: Materials, unets: Mapping[str, str], controls: Mapping[str, str]
) -> DiffusionProfile:
    """Loads the networks and describes them.

    Args:
        networks: the set.
        materials: its files.
        unets: file names by purpose.
        controls: file names by kind.
    """
    autoencoder = networks.autoencoder.load(materials)
    unet = networks.unets["base"].load(materials)
    text, noise = networks.tokenizer.load(materials).rules, networks.noise.load(materials)
    side = unet.config.sample_size * PIXELS_PER_LATENT
    colours = latent_colours(autoencoder, networks.pictures())
    return DiffusionProfile(
        name=networks.name,
        latent_channels=autoencoder.config.latent_channels,
        latent_scale=PIXELS_PER_LATENT,
        scaling_factor=autoencoder.config.scaling_factor,
        text_length=text.length,
        begin_token=text.begin_token,
        end_token=text.end_token,
        pad_token=text.pad_token,
        train_timesteps=noise.train_timesteps,
        beta_start=noise.beta_start,
        beta_end=noise.beta_end,
        beta_schedule=noise.beta_schedule,
        prediction=noise.prediction,
        steps_offset=noise.steps_offset,
        side=side,
        max_side=_LARGEST * side,
        size_multiple=_SIZE_MULTIPLE,
        default_guidance=networks.default_guidance,
        latent_rgb=colours.weights,
        latent_rgb_bias=colours.bias,
        residuals=residuals_of(unet),
        unets=unets,
        controls=controls,
        unet_guidance={purpose: scale for purpose, scale in networks.unet_guidance.items() if purpose in unets},
        default_image_guidance=networks.default_image_guidance,
    )


def latent_colours(autoencoder: AutoencoderKL, pictures: NDArray[np.uint8]) -> LatentColours:
    """What the latents of an autoencoder look like, learned from pictures [N,H,W,3].

    It computes in float64, so that every machine rounds to the same digits: the profile is pinned.
    """
    encoder = LatentEncoder(autoencoder.double()).eval()

    def encode(batch: NDArray[np.uint8]) -> NDArray[np.float64]:
        with torch.inference_mode():
            latents: NDArray[np.float64] = encoder(torch.from_numpy(batch)).numpy()
        return latents

    return fit_latent_colours(encode, pictures)
