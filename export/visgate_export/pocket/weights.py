"""Loads the trained pocket networks from their weights, by default those in the source tree; trains nothing."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import CLIPTextModel

from visgate_export.pocket.architectures import autoencoder, control_net, text_encoder, unet
from visgate_export.pocket.low_rank import restore
from visgate_export.pocket.tokenizer import END_TOKEN
from visgate_export.pocket.training import METRICS, WEIGHTS


def load_autoencoder(folder: Path = WEIGHTS) -> AutoencoderKL:
    """The VAE in evaluation mode, its scaling factor set."""
    model = autoencoder()
    model.load_state_dict(_state(folder, "autoencoder"))
    model.register_to_config(
        scaling_factor=json.loads((folder / METRICS.name).read_text())["autoencoder"]["scaling_factor"]
    )
    return model.eval().requires_grad_(False)


def load_tokenizer(folder: Path = WEIGHTS) -> Tokenizer:
    """The tokenizer, which neither pads nor truncates."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def load_text_encoder(folder: Path = WEIGHTS) -> CLIPTextModel:
    """The text encoder in evaluation mode."""
    model = text_encoder(load_tokenizer(folder).get_vocab_size(), END_TOKEN)
    model.load_state_dict(_state(folder, "text_encoder"))
    return model.eval().requires_grad_(False)


def load_unet(folder: Path = WEIGHTS) -> UNet2DConditionModel:
    """The base UNet in evaluation mode."""
    model = unet()
    model.load_state_dict(_state(folder, "unet"))
    return model.eval().requires_grad_(False)


def load_control_net(kind: str, folder: Path = WEIGHTS) -> ControlNetModel:
    """The ControlNet of a kind (`edges`, `depth`) in evaluation mode."""
    base = load_unet(folder)
    model = control_net(base)
    model.load_state_dict(restore(_state(folder, f"control_{kind}"), base.state_dict()))
    return model.eval().requires_grad_(False)


def _state(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """A network's weights as fp32.

    Raises:
        FileNotFoundError: the network has not been trained.
    """
    return {key: value.to(torch.float32) for key, value in load_file(folder / f"{name}.safetensors").items()}
