"""Writes Stable Diffusion, a ControlNet and the edit and inpainting UNets in diffusers' layout, tiny and random."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from visgate_export.pocket.tokenizer import BEGIN_TOKEN, END_TOKEN, train_tokenizer

from .pocket_weights import CAPTIONS
from .random_weights import randomised

WIDTH = 16
LATENT_CHANNELS = 4


def write_stable_diffusion(folder: Path) -> Path:
    """Folders as `save_pretrained` writes them, the base UNet with the real one's four levels of two layers."""
    tokenizer = _tokenizer()
    base = randomised(_unet(LATENT_CHANNELS, levels=4, layers=2), 3)
    pipeline = StableDiffusionPipeline(
        vae=_autoencoder(),
        text_encoder=randomised(_text_encoder(len(tokenizer)), 2),
        tokenizer=tokenizer,
        unet=base,
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            clip_sample=False,
            set_alpha_to_one=False,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder / "stable-diffusion-v1-5")
    _write_vocabulary(tokenizer, folder / "stable-diffusion-v1-5" / "tokenizer")
    control = ControlNetModel.from_unet(base, conditioning_embedding_out_channels=(4, 8, 8, 8))
    randomised(control, 4).save_pretrained(folder / "sd-controlnet-canny")
    # These take no residuals, so two levels show as much as four, and are exported in half the time.
    edit, inpaint = _unet(2 * LATENT_CHANNELS, 2, 1), _unet(2 * LATENT_CHANNELS + 1, 2, 1)
    randomised(edit, 5).save_pretrained(folder / "instruct-pix2pix" / "unet")
    randomised(inpaint, 6).save_pretrained(folder / "stable-diffusion-inpainting" / "unet")
    return folder


def _tokenizer() -> CLIPTokenizer:
    model = json.loads(train_tokenizer(CAPTIONS, 560).to_str())["model"]
    return CLIPTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]], model_max_length=77)


def _write_vocabulary(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """The files that Stable Diffusion's tokenizer folder has on the hub, which is older than tokenizer.json."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = [" ".join(pair) for pair in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    config = {**marks, "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer", "model_max_length": 77}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _text_encoder(vocabulary_size: int) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary_size,
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=BEGIN_TOKEN,
            eos_token_id=END_TOKEN,
            pad_token_id=END_TOKEN,
        )
    )


def _autoencoder() -> AutoencoderKL:
    return randomised(
        AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4, 4, 8, 8),
            layers_per_block=1,
            latent_channels=LATENT_CHANNELS,
            norm_num_groups=2,
        ),
        1,
    )


def _unet(in_channels: int, levels: int, layers: int) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=in_channels,
        out_channels=LATENT_CHANNELS,
        # One level that reads words, besides the middle, shows as much as three: each costs the exporter seconds.
        down_block_types=("CrossAttnDownBlock2D",) + ("DownBlock2D",) * (levels - 1),
        up_block_types=("UpBlock2D",) * (levels - 1) + ("CrossAttnUpBlock2D",),
        block_out_channels=(8, 8, 16, 16)[:levels],
        layers_per_block=layers,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
    )
