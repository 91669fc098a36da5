"""Takes pictures through the trained pocket autoencoder, to latents and back; trains nothing."""

from collections.abc import Sequence

import torch
from diffusers import AutoencoderKL
from rich.progress import track

from visgate_export.pocket.picture_tensors import UInt8Array, fold, to_pictures, to_tensor, unfold
from visgate_export.pocket.weights import load_autoencoder

_AT_ONCE = 256
LATENT_NOISE = 0.1
"""Of the latents' standard deviation: no drawing is as clean as the autoencoder's own."""


@torch.no_grad()
def encode(autoencoder: AutoencoderKL, pictures: Sequence[UInt8Array]) -> torch.Tensor:
    """Pictures [64, 64, 3] as latents fp32 [N, 8, 8, 8], not scaled."""
    with torch.autocast("cpu", torch.bfloat16):
        return _latents(autoencoder, pictures).float()


@torch.no_grad()
def redraw(autoencoder: AutoencoderKL, pictures: Sequence[UInt8Array], *, noise: float) -> list[UInt8Array]:
    """The pictures folded to latents and back: as the diffusion model would draw them at its best.

    Args:
        autoencoder: from `load_autoencoder`.
        pictures: [64, 64, 3] RGB 0–255, not too many at once.
        noise: how much is added to the latents, as a share of their standard deviation.
    """
    with torch.autocast("cpu", torch.bfloat16):
        latents = _latents(autoencoder, pictures)
        if noise:
            latents = latents + noise * latents.std() * torch.randn_like(latents)
        cells = autoencoder.decode(latents).sample
    return to_pictures(unfold(cells.float()))


def redraw_all(pictures: Sequence[UInt8Array], *, noise: float = LATENT_NOISE) -> list[UInt8Array]:
    """As `redraw` with the trained autoencoder, batch by batch and showing how far it is."""
    autoencoder = load_autoencoder()
    redrawn: list[UInt8Array] = []
    for start in track(range(0, len(pictures), _AT_ONCE), "drawing scenes anew"):
        redrawn += redraw(autoencoder, pictures[start : start + _AT_ONCE], noise=noise)
    return redrawn


def _latents(autoencoder: AutoencoderKL, pictures: Sequence[UInt8Array]) -> torch.Tensor:
    return autoencoder.encode(fold(to_tensor(pictures))).latent_dist.mode()
