"""Wraps diffusers' and transformers' networks so that they take and give uint8 pictures and scaled latents.

Nothing is computed here but what has to lie round a network: 0–255 to −1–1 and back, the latents' scaling factor, the
folding of pixels into channels, and one order for a UNet's residuals (`residuals`).
"""

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from torch.nn.functional import pixel_shuffle, pixel_unshuffle
from transformers import CLIPTextModel


class TextEncoder(torch.nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """`input_ids` int64 [N,T] → `embedding` float32 [N,T,D]: every token behind the last layer and its norm."""

    def __init__(self, network: CLIPTextModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = self.network(input_ids=input_ids).last_hidden_state
        return embedding


class LatentEncoder(torch.nn.Module):  # type: ignore[misc]
    """`image` uint8 [N,H,W,3] → `latents` float32 [N,C,h,w]: the posterior's mean times the scaling factor."""

    def __init__(self, network: AutoencoderKL) -> None:
        super().__init__()
        self.network = network
        self.pixels_per_cell = pixels_per_cell(network)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        picture = image.permute(0, 3, 1, 2).to(self.network.dtype) / 127.5 - 1
        if self.pixels_per_cell > 1:
            picture = pixel_unshuffle(picture, self.pixels_per_cell)
        latents: torch.Tensor = self.network.encode(picture).latent_dist.mode()
        return latents * self.network.config.scaling_factor


class LatentDecoder(torch.nn.Module):  # type: ignore[misc]
    """`latents` float32 [N,C,h,w] → `image` uint8 [N,H,W,3], clipped and rounded."""

    def __init__(self, network: AutoencoderKL) -> None:
        super().__init__()
        self.network = network
        self.pixels_per_cell = pixels_per_cell(network)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        picture = self.network.decode(latents / self.network.config.scaling_factor).sample
        if self.pixels_per_cell > 1:
            picture = pixel_shuffle(picture, self.pixels_per_cell)
        return (picture * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


class Denoiser(torch.nn.Module):  # type: ignore[misc]
    """`sample` [N,C,h,w], `timestep` [N], `embedding` [N,T,D] and perhaps residuals → `noise` [N,C,h,w], all float32.

    The residuals are in the order of `residuals_of`.
    """

    def __init__(self, network: UNet2DConditionModel) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        embedding: torch.Tensor,
        residuals: tuple[torch.Tensor, ...] = (),
    ) -> torch.Tensor:
        noise: torch.Tensor = self.network(
            sample,
            timestep,
            encoder_hidden_states=embedding,
            down_block_additional_residuals=residuals[:-1] or None,
            mid_block_additional_residual=residuals[-1] if residuals else None,
            return_dict=False,
        )[0]
        return noise


class Control(torch.nn.Module):  # type: ignore[misc]
    """As `Denoiser` without residuals, and `control` uint8 [N,H,W,3] → the residuals, float32, `mid` last."""

    def __init__(self, network: ControlNetModel) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, sample: torch.Tensor, timestep: torch.Tensor, embedding: torch.Tensor, control: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        downs, middle = self.network(
            sample,
            timestep,
            encoder_hidden_states=embedding,
            controlnet_cond=control.permute(0, 3, 1, 2).float() / 255,
            return_dict=False,
        )
        return (*downs, middle)


def pixels_per_cell(autoencoder: AutoencoderKL) -> int:
    """How many pixels, each way, are folded into the channels of what an autoencoder sees; 1 for Stable Diffusion's."""
    return int((autoencoder.config.in_channels // 3) ** 0.5)
