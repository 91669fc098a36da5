"""Loads the trained pocket networks from their weights, by default those in the source tree; trains nothing."""

from collections.abc import Mapping
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from tokenizers import Tokenizer
from transformers import CLIPTextModel

from visgate_export.pocket.architectures import autoencoder, control_net, text_encoder, unet
from visgate_export.pocket.control_kinds import lineage
from visgate_export.pocket.low_rank import restore
from visgate_export.pocket.picture_unets import picture_unet
from visgate_export.pocket.tokenizer import END_TOKEN
from visgate_export.pocket.weight_files import read_metrics, read_weights
from visgate_export.pocket.weight_folder import TOKENIZER_FILE, WEIGHTS


def load_autoencoder(folder: Path = WEIGHTS) -> AutoencoderKL:
    """The VAE in evaluation mode, its scaling factor set."""
    model = autoencoder()
    model.load_state_dict(read_weights("autoencoder", folder))
    model.register_to_config(scaling_factor=read_metrics("autoencoder", folder)["scaling_factor"])
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: Path = WEIGHTS) -> Tokenizer:
    """The tokenizer, which neither pads nor truncates."""
    return Tokenizer.from_file(str(folder / TOKENIZER_FILE))


def load_text_encoder(folder: Path = WEIGHTS) -> CLIPTextModel:
    """The text encoder in evaluation mode."""
    model = text_encoder(load_tokenizer(folder).get_vocab_size(), END_TOKEN)
    model.load_state_dict(read_weights("text_encoder", folder))
    return model.eval().requires_grad_(False)


def load_unet(folder: Path = WEIGHTS) -> UNet2DConditionModel:
    """The base UNet in evaluation mode."""
    model = unet()
    model.load_state_dict(read_weights("unet", folder))
    return model.eval().requires_grad_(False)


def load_picture_unet(purpose: str, folder: Path = WEIGHTS) -> UNet2DConditionModel:
    """The UNet that sees a picture for a purpose (`edit`, `inpaint`) in evaluation mode."""
    base = load_unet(folder)
    model = picture_unet(purpose, base)
    model.load_state_dict(restore(read_weights(f"unet_{purpose}", folder), base.state_dict()))
    return model.eval().requires_grad_(False)


def load_control_net(kind: str, folder: Path = WEIGHTS) -> ControlNetModel:
    """The ControlNet of a kind in evaluation mode.

    Args:
        kind: a key of `control_kinds.CONTROL_STARTS`.
        folder: where its weights are, those of what it began as, and the UNet's.
    """
    base = load_unet(folder)
    state: Mapping[str, torch.Tensor] = base.state_dict()
    for ancestor in reversed(lineage(kind)):
        state = restore(read_weights(f"control_{ancestor}", folder), state)
    model = control_net(base)
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)
