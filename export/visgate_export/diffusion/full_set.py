"""The full set of diffusion networks: Visual ChatGPT's own, from the hub or from folders laid out as diffusers' are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from visgate_export.checkpoints import Checkpoint
from visgate_export.diffusion.network_set import NetworkSet, NoiseSchedule, Part, Precision, PromptTokenizer, TextRules
from visgate_export.recipe import Materials

if TYPE_CHECKING:  # torch is only imported where a network is really built
    import numpy as np
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
    from numpy.typing import NDArray
    from transformers import CLIPTextModel

_GUIDANCE = 7.5
_STABLE_DIFFUSION_LICENCE = "CreativeML-OpenRAIL-M"
_PICTURE_SIDE = 256

_STABLE_DIFFUSION = "stable-diffusion-v1-5/stable-diffusion-v1-5"
_OTHER_UNETS = {
    "edit": Checkpoint("timbrooks/instruct-pix2pix", "MIT", "unet"),
    "inpaint": Checkpoint("stable-diffusion-v1-5/stable-diffusion-inpainting", _STABLE_DIFFUSION_LICENCE, "unet"),
}
_CONTROLS = {
    kind: Checkpoint(f"lllyasviel/sd-controlnet-{name}", "OpenRAIL")
    for kind, name in {
        "edges": "canny",
        "lines": "mlsd",
        "soft_edges": "hed",
        "sketch": "scribble",
        "pose": "openpose",
        "segmentation": "seg",
        "depth": "depth",
        "normals": "normal",
    }.items()
}


def full_set(weights: Path | None, precision: Precision) -> NetworkSet:
    """Stable Diffusion 1.5 with its ControlNets and relatives.

    Args:
        weights: a folder with a folder for each hub repository (`stable-diffusion-v1-5`, `sd-controlnet-canny` …), as
            `save_pretrained` writes them; None for the hub. Of a folder, only what is there is in the set, but for
            Stable Diffusion itself (`left_out` tells what is not).
        precision: what the networks compute with; float32 is above ONNX's 2 GB for the real UNets.
    """
    tokenizer = _part_of_base("tokenizer").member(weights)
    scheduler = _part_of_base("scheduler").member(weights)
    return NetworkSet(
        name="full",
        precision=precision,
        text_encoder=_text_encoder(_part_of_base("text_encoder"), weights),
        autoencoder=_autoencoder(_part_of_base("vae"), weights),
        unets={
            purpose: _unet(f"Stable Diffusion 1.5 UNet, {purpose}", origin, weights)
            for purpose, origin in {"base": _part_of_base("unet"), **_present(_OTHER_UNETS, weights)}.items()
        },
        controls={kind: _control(kind, origin, weights) for kind, origin in _present(_CONTROLS, weights).items()},
        tokenizer=Part(
            "CLIP's vocabulary", "MIT", (tokenizer,), lambda materials: _tokenizer(materials.path(tokenizer))
        ),
        noise=Part(
            "Stable Diffusion 1.5's noise schedule",
            _STABLE_DIFFUSION_LICENCE,
            (scheduler,),
            lambda materials: _noise(materials.path(scheduler)),
        ),
        pictures=_photographs,
        default_guidance=_GUIDANCE,
    )


def left_out(weights: Path) -> tuple[str, ...]:
    """The folders that `weights` lacks, whose networks the set therefore does without."""
    origins = {**_OTHER_UNETS, **_CONTROLS}.values()
    return tuple(origin.short_name for origin in origins if not origin.is_there(weights))


def _part_of_base(folder: str) -> Checkpoint:
    return Checkpoint(_STABLE_DIFFUSION, _STABLE_DIFFUSION_LICENCE, folder)


def _present(origins: Mapping[str, Checkpoint], weights: Path | None) -> dict[str, Checkpoint]:
    return {name: origin for name, origin in origins.items() if origin.is_there(weights)}


def _text_encoder(origin: Checkpoint, weights: Path | None) -> "Part[CLIPTextModel]":
    member = origin.member(weights)

    def load(materials: Materials) -> "CLIPTextModel":
        from transformers import CLIPTextModel

        from visgate_export.pretrained import load_pretrained

        return load_pretrained(CLIPTextModel, materials.path(member))

    return Part("CLIP ViT-L/14 text encoder", "MIT", (member,), load)


def _autoencoder(origin: Checkpoint, weights: Path | None) -> "Part[AutoencoderKL]":
    member = origin.member(weights)

    def load(materials: Materials) -> "AutoencoderKL":
        from diffusers import AutoencoderKL

        return _of_diffusers(AutoencoderKL, materials.path(member))

    return Part("Stable Diffusion 1.5 VAE", origin.licence, (member,), load)


def _unet(title: str, origin: Checkpoint, weights: Path | None) -> "Part[UNet2DConditionModel]":
    member = origin.member(weights)

    def load(materials: Materials) -> "UNet2DConditionModel":
        from diffusers import UNet2DConditionModel

        return _of_diffusers(UNet2DConditionModel, materials.path(member))

    return Part(title, origin.licence, (member,), load)


def _control(kind: str, origin: Checkpoint, weights: Path | None) -> "Part[ControlNetModel]":
    member = origin.member(weights)

    def load(materials: Materials) -> "ControlNetModel":
        from diffusers import ControlNetModel

        return _of_diffusers(ControlNetModel, materials.path(member))

    return Part(f"ControlNet for Stable Diffusion 1.5, {kind}", origin.licence, (member,), load)


def _of_diffusers(network, folder: Path):  # type: ignore[no-untyped-def]  # diffusers' classes share no useful type
    import torch

    # Safetensors only: a pickle runs whatever code its author put in.
    loaded = network.from_pretrained(folder, torch_dtype=torch.float32, use_safetensors=True, local_files_only=True)
    return loaded.eval().requires_grad_(False)


def _tokenizer(folder: Path) -> PromptTokenizer:
    from transformers import CLIPTokenizer

    from visgate_export.diffusion.graphs import TEXT_LENGTH
    from visgate_export.pretrained import tokenizer_text

    tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    rules = TextRules(TEXT_LENGTH, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    return PromptTokenizer(tokenizer_text(tokenizer), rules)


def _noise(folder: Path) -> NoiseSchedule:
    config = json.loads((folder / "scheduler_config.json").read_text(encoding="utf-8"))
    return NoiseSchedule(
        train_timesteps=config["num_train_timesteps"],
        beta_start=config["beta_start"],
        beta_end=config["beta_end"],
        beta_schedule=config["beta_schedule"],
        prediction=config.get("prediction_type", "epsilon"),
        steps_offset=config.get("steps_offset", 0),
    )


def _photographs() -> "NDArray[np.uint8]":
    from visgate_export.sample_pictures import photographs

    return photographs(_PICTURE_SIDE, _PICTURE_SIDE, 3)  # the fourth is black print on grey
