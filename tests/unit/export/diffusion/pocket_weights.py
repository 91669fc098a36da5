"""Writes a folder of pocket weights as training leaves it, but random: exports must not wait for training."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from visgate_export.pocket.architectures import autoencoder, control_net, text_encoder, unet
from visgate_export.pocket.control_kinds import lineage
from visgate_export.pocket.low_rank import add_low_rank, difference, restore
from visgate_export.pocket.tokenizer import END_TOKEN, train_tokenizer

from .random_weights import randomised

CAPTIONS = tuple(
    f"a {first} {relation} a {second} on a {colour} background"
    for first in ("cat", "dog", "apple", "tulip")
    for second in ("moon", "soccer ball")
    for relation in ("left of", "right of", "above", "below")
    for colour in ("red", "blue", "grey")
)
SCALING_FACTOR = 0.75
DERIVED_CONTROL = "lines"
"""A kind of ControlNet that began as another one, whose weights are written too."""


def write_pocket_weights(folder: Path) -> Path:
    """All that `pocket_set` reads; the networks differ from each other and from nothing they should equal."""
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer(CAPTIONS, 560)
    tokenizer.save(str(folder / "tokenizer.json"))
    base = randomised(unet(), 3)
    _save(folder / "autoencoder.safetensors", randomised(autoencoder(), 1).state_dict())
    _save(
        folder / "text_encoder.safetensors",
        randomised(text_encoder(tokenizer.get_vocab_size(), END_TOKEN), 2).state_dict(),
    )
    _save(folder / "unet.safetensors", base.state_dict())
    original = base.state_dict()
    for seed, kind in enumerate(reversed(lineage(DERIVED_CONTROL)), 4):
        control = control_net(base)
        control.load_state_dict(original, strict=False)  # the UNet has no part that reads control pictures
        add_low_rank(control, original)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in control.named_parameters():
                if not parameter.requires_grad or parameter.ndim == 1:
                    continue
                # The way into the network is deep, and half of every layer's signal is lost: hence the factor. A larger
                # one makes residuals whose rounding alone is more than the bound that trained networks are held to.
                size = 0.05 if name.endswith(".up") else 1.7 * parameter[0].numel() ** -0.5
                parameter.copy_(size * torch.randn(parameter.shape, generator=generator))
        kept = difference(control)
        _save(folder / f"control_{kind}.safetensors", kept)
        original = restore(kept, original)
    (folder / "metrics.json").write_text(json.dumps({"autoencoder": {"scaling_factor": SCALING_FACTOR}}))
    return folder


def _save(path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file({name: value.detach().half().contiguous().clone() for name, value in state.items()}, path)
