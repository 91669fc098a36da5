"""The UNets that see a picture beside the latents, each made from the base UNet; trains and saves nothing."""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from diffusers import UNet2DConditionModel

from visgate_export.pocket.architectures import LATENT_CHANNELS, unet

ADDED_CHANNELS: Mapping[str, int] = MappingProxyType({"edit": LATENT_CHANNELS, "inpaint": 1 + LATENT_CHANNELS})
"""By what the UNet is for: the picture's latents; for inpainting the mask, and then the masked picture's latents."""
RANKS: Mapping[str, int] = MappingProxyType({"edit": 32, "inpaint": 20})
"""Of what training adds to the base UNet's matrices: following instructions is more to learn than filling a hole."""
FIRST_SHARES: Mapping[str, float] = MappingProxyType({"edit": 0.7, "inpaint": 0.0})
"""What the weights of the picture's channels begin as, as a share of those of the latents."""
_FIRST_MATRIX = "conv_in.weight"


def picture_unet(purpose: str, base: UNet2DConditionModel) -> UNet2DConditionModel:
    """A UNet that draws as `base` does where its added channels are zero.

    InstructPix2Pix (https://arxiv.org/abs/2211.09800, 3.2) begins with weights of zero for the picture, and so does
    inpainting here. An edit keeps most of its picture, though, and learns that many times sooner if the picture is seen
    from the beginning through the weights that see latents.

    Args:
        purpose: a key of `ADDED_CHANNELS`.
        base: the UNet to begin from.
    """
    added = ADDED_CHANNELS[purpose]
    state = base.state_dict()
    first = state[_FIRST_MATRIX]
    mask = first.new_zeros(first.shape[0], added - LATENT_CHANNELS, *first.shape[2:])
    state[_FIRST_MATRIX] = torch.cat((first, mask, FIRST_SHARES[purpose] * first), dim=1)
    widened = unet(LATENT_CHANNELS + added)
    widened.load_state_dict(state)
    return widened
