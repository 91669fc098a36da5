"""The shapes of the pocket captioner and answerer: transformers' BLIP, small; trains nothing."""

from typing import Any

import torch
from transformers import BlipConfig, BlipForConditionalGeneration, BlipForQuestionAnswering

from visgate_export.pocket.language.pictures import PATCH
from visgate_export.pocket.language.vocabulary import BEGIN_TOKEN, END_TOKEN, PADDING_TOKEN
from visgate_export.pocket.scenes import SIDE

WIDTH = 96
LONGEST_TEXT = 32
"""Tokens, with marks; no caption and no trained question is longer."""

_DEVIATION = 0.05  # of the weights that training starts from: BERT has 0.02 at eight times the width


def caption_model(vocabulary_size: int) -> BlipForConditionalGeneration:
    """The captioner, untrained: a picture transformer of four layers and a text decoder of three."""
    return BlipForConditionalGeneration(_config(vocabulary_size))


def answer_model(vocabulary_size: int) -> BlipForQuestionAnswering:
    """The answerer, untrained: as the captioner, and a question encoder of three layers."""
    model = BlipForQuestionAnswering(_config(vocabulary_size))
    for layer in model.text_decoder.bert.encoder.layer:
        layer.crossattention.self.register_forward_pre_hook(_heed_padding, with_kwargs=True)
    return model


def _heed_padding(
    module: torch.nn.Module, positional: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Hands the mask of what is attended to on under the name that is looked at.

    transformers 5.23 passes it as `attention_mask`, which cross-attention does not read: answers would be made of the
    padding of short questions, too.
    """
    return positional, {**named, "encoder_attention_mask": named.get("attention_mask")}


def _config(vocabulary_size: int) -> BlipConfig:
    text = {
        "vocab_size": vocabulary_size,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "projection_dim": WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": LONGEST_TEXT,
        "initializer_range": _DEVIATION,
        "bos_token_id": BEGIN_TOKEN,
        "eos_token_id": END_TOKEN,
        "sep_token_id": END_TOKEN,
        "pad_token_id": PADDING_TOKEN,
    }
    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": PATCH,
        "initializer_range": _DEVIATION,
    }
    return BlipConfig(text_config=text, vision_config=vision, initializer_range=_DEVIATION)
