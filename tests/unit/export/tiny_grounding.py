"""Writes what `save_pretrained` writes for a GroundingDINO and a SAM, a thousandth of the real ones' size."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertTokenizer,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    SamConfig,
    SamModel,
    SwinConfig,
)

from .diffusion.random_weights import randomised

SIDE, MASK_SIDE = 64, 64
MEAN, STD = [0.48, 0.45, 0.4], [0.22, 0.23, 0.24]
_MARKS = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, ".": 1012, "?": 1029}
_WORDS = ("a", "cat", "the", "person", "on", "left", "cup", "red", "apple", "##s")


def vocabulary() -> dict[str, int]:
    """BERT's marks with BERT's ids, a few words, and fillers up to them."""
    words = _MARKS | {word: 200 + number for number, word in enumerate(_WORDS)}
    taken = set(words.values())
    return words | {f"[unused{number}]": number for number in range(1030) if number not in taken}


def write_checkpoints(weights: Path) -> None:
    """Both networks with random weights below `weights`."""
    write_grounding(weights / "grounding-dino-tiny")
    write_sam(weights / "sam-vit-base")


def write_grounding(folder: Path) -> None:
    swin = SwinConfig(
        image_size=SIDE,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1],
        num_heads=[1, 2],
        window_size=3,  # does not divide the side, as 7 does not divide the real one's
        out_features=["stage1", "stage2"],
    )
    bert = BertConfig(
        vocab_size=1030,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    config = GroundingDinoConfig(
        backbone_config=swin.to_dict(),
        text_config=bert.to_dict(),
        num_queries=12,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        d_model=32,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        num_feature_levels=3,
        encoder_n_points=2,
        decoder_n_points=2,
        max_text_len=48,
    )
    network = randomised(GroundingDinoForObjectDetection(config))
    with torch.no_grad():
        # What is said is to matter: fresh weights let a score depend on the box alone.
        network.model.text_projection.weight.mul_(3)
    network.save_pretrained(folder)
    BertTokenizer(vocab=vocabulary()).save_pretrained(folder)
    rules = {"size": {"shortest_edge": SIDE, "longest_edge": 2 * SIDE}, "image_mean": MEAN, "image_std": STD}
    (folder / "preprocessor_config.json").write_text(json.dumps(rules))


def write_sam(folder: Path) -> None:
    common = {"image_size": MASK_SIDE, "patch_size": 8}
    config = SamConfig(
        vision_config={
            **common,
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "window_size": 3,
            "global_attn_indexes": [1],
            "num_pos_feats": 8,
            "mlp_dim": 32,
        },
        prompt_encoder_config={**common, "hidden_size": 16, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
            "iou_head_depth": 2,
        },
    )
    randomised(SamModel(config)).save_pretrained(folder)
    rules = {"size": {"longest_edge": MASK_SIDE}, "image_mean": MEAN, "image_std": STD}
    (folder / "preprocessor_config.json").write_text(json.dumps(rules))
