"""Exports BLIP's pieces to ONNX under the server's names; knows nothing of where weights come from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import onnx
import torch

from visgate_export.checkpoints import PictureRules
from visgate_export.language.wrappers import CaptionLooker, Looker, NextWord, QuestionReader
from visgate_export.torch_export import Axes, export_named

if TYPE_CHECKING:
    from transformers.models.blip.modeling_blip_text import BlipTextLMHeadModel

    from visgate_export.language.blip import Answerer, Blip, Captioner

# The examples' sizes: no two alike that may differ, and none of them 1, which the exporter would take for fixed.
_ROWS, _BEAMS, _PAST, _SEEN, _QUESTION = 2, 3, 4, 5, 6


def caption_looker_graph(blip: "Blip[Captioner]") -> onnx.ModelProto:
    """`image` uint8 [N,H,W,3] → `seen_keys`, `seen_values` float32 [N,layers,heads,T,depth]."""
    return _export(
        CaptionLooker(blip.network, blip.pictures),
        _image(blip.pictures),
        {"image": {0: "N"}},
        ["seen_keys", "seen_values"],
    )


def looker_graph(blip: "Blip[Answerer]") -> onnx.ModelProto:
    """`image` uint8 [N,H,W,3] → `picture` float32 [N,T,width]."""
    return _export(Looker(blip.network, blip.pictures), _image(blip.pictures), {"image": {0: "N"}}, ["picture"])


def question_reader_graph(blip: "Blip[Answerer]") -> onnx.ModelProto:
    """`picture`, `question`, `known` → `seen_keys`, `seen_values` float32 [N,layers,heads,Q,depth]."""
    example = {
        "picture": torch.zeros(_ROWS, _SEEN, blip.network.config.vision_config.hidden_size),
        "question": torch.zeros((_ROWS, _QUESTION), dtype=torch.int64),
        "known": torch.ones((_ROWS, _QUESTION), dtype=torch.bool),
    }
    axes: dict[str, Axes] = {"picture": {0: "N", 1: "T"}, "question": {0: "N", 1: "Q"}, "known": {0: "N", 1: "Q"}}
    return _export(QuestionReader(blip.network), example, axes, ["seen_keys", "seen_values"])


def next_word_graph(decoder: "BlipTextLMHeadModel") -> onnx.ModelProto:
    """One step of a decoder, as `wrappers.NextWord` describes it."""
    text = decoder.config
    heads, depth = text.num_attention_heads, text.hidden_size // text.num_attention_heads
    past = torch.zeros(_ROWS, _BEAMS, text.num_hidden_layers, heads, _PAST, depth)
    seen = torch.zeros(_ROWS, text.num_hidden_layers, heads, _SEEN, depth)
    example = {
        "token": torch.zeros((_ROWS, _BEAMS), dtype=torch.int64),
        "position": torch.zeros(_ROWS, dtype=torch.int64),
        "past_keys": past,
        "past_values": past.clone(),
        "seen_keys": seen,
        "seen_values": seen.clone(),
        "seen": torch.ones((_ROWS, _SEEN), dtype=torch.bool),
    }
    axes: dict[str, Axes] = {
        "token": {0: "N", 1: "B"},
        "position": {0: "N"},
        "past_keys": {0: "N", 1: "B", 4: "P"},
        "past_values": {0: "N", 1: "B", 4: "P"},
        "seen_keys": {0: "N", 3: "T"},
        "seen_values": {0: "N", 3: "T"},
        "seen": {0: "N", 1: "T"},
    }
    return _export(NextWord(decoder), example, axes, ["log_probabilities", "keys", "values"])


def _image(rules: PictureRules) -> dict[str, torch.Tensor]:
    return {"image": torch.zeros((_ROWS, rules.height, rules.width, 3), dtype=torch.uint8)}


def _export(
    module: torch.nn.Module, example: Mapping[str, torch.Tensor], axes: Mapping[str, Axes], outputs: Sequence[str]
) -> onnx.ModelProto:
    return export_named(module.eval(), example, axes, outputs)
