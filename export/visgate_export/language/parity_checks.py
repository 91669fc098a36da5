"""Compares BLIP's exported pieces with transformers' own forward passes and caches; builds nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import EncoderDecoderCache
from transformers.cache_utils import DynamicCache
from transformers.models.blip.modeling_blip_text import BlipTextLMHeadModel

from visgate_export.language.blip import Blip
from visgate_export.parity import Array, Evaluate, Inputs, Outputs, compare, pytorch_doing, row_by_row
from visgate_export.recipe import ParityReport
from visgate_export.recipes.picture_batches import prepared, sample_batches

if TYPE_CHECKING:
    from visgate_export.language.blip import Answerer, Captioner

_TOLERANCE = 1e-4
"""Of the largest value that is there, or of 1 where that is less."""
_SAID_BEFORE = 4
_BEAMS = 3
_QUESTION_LENGTHS = (9, 5, 12)
"""Questions of one batch are of different lengths, so that padding counts."""


def check_caption_looker(file: Path, blip: "Blip[Captioner]") -> ParityReport:
    """Against the cross-attention cache that transformers fills."""

    def reference(inputs: Inputs) -> Outputs:
        return _cross_cache(blip.network.text_decoder, _look(blip, inputs))

    return _compare(file, reference, "BlipForConditionalGeneration's cache", sample_batches(blip.pictures))


def check_looker(file: Path, blip: "Blip[Answerer]") -> ParityReport:
    """Against transformers' picture transformer."""

    def reference(inputs: Inputs) -> Outputs:
        return {"picture": _look(blip, inputs).numpy()}

    return _compare(file, reference, "BlipForQuestionAnswering's vision_model", sample_batches(blip.pictures))


def check_question_reader(file: Path, blip: "Blip[Answerer]") -> ParityReport:
    """Against transformers' question encoder, and the cache that its decoder fills."""

    def reference(inputs: Inputs) -> Outputs:
        read = blip.network.text_encoder(
            input_ids=torch.from_numpy(inputs["question"]),
            attention_mask=torch.from_numpy(inputs["known"]).long(),
            encoder_hidden_states=torch.from_numpy(inputs["picture"]),
        ).last_hidden_state
        return _cross_cache(blip.network.text_decoder, read)

    random = np.random.default_rng(0)
    batches = [
        {"picture": _look(blip, batch).numpy(), **_questions(blip, len(batch["image"]), random)}
        for batch in sample_batches(blip.pictures)
    ]
    return _compare(file, reference, "BlipForQuestionAnswering's text_encoder and cache", batches)


def check_next_word(file: Path, blip: Blip[Any]) -> ParityReport:
    """Against transformers' decoder with caches of its own: row by row, without padding, each beam a row of its own.

    transformers 5.23 does not keep its cross-attention from looking at padding, so none is given to it.
    """
    decoder = blip.network.text_decoder

    def reference(inputs: Inputs) -> Outputs:
        rows, beams = inputs["token"].shape
        places = int(inputs["seen"].sum())
        said = decoder(
            input_ids=torch.from_numpy(inputs["token"]).reshape(-1, 1),
            # What it looks at is in the cache already; this only says that it looks.
            encoder_hidden_states=torch.zeros(rows * beams, places, decoder.config.encoder_hidden_size),
            past_key_values=_cache_of(inputs, places),
            use_cache=True,
        )
        layers = said.past_key_values.self_attention_cache.layers
        return {
            "log_probabilities": said.logits[:, -1].log_softmax(-1).reshape(rows, beams, -1).numpy(),
            "keys": torch.stack([layer.keys for layer in layers], 1).unflatten(0, (rows, beams)).numpy(),
            "values": torch.stack([layer.values for layer in layers], 1).unflatten(0, (rows, beams)).numpy(),
        }

    random = np.random.default_rng(0)
    batches = [_step_inputs(decoder, rows, random) for rows in (1, 3)]
    return _compare(file, row_by_row(reference), f"{type(decoder).__name__} with a cache, row by row", batches)


def _compare(file: Path, reference: Evaluate, name: str, batches: Sequence[Inputs]) -> ParityReport:
    def evaluate(inputs: Inputs) -> Outputs:
        with torch.inference_mode():
            return reference(inputs)

    expected = [evaluate(batch) for batch in batches]
    tolerances = {
        output: _TOLERANCE * max(1.0, *(float(np.abs(one[output]).max()) for one in expected)) for output in expected[0]
    }
    return compare(file, evaluate, pytorch_doing(f"transformers' {name}"), batches, tolerances)


def _look(blip: Blip[Any], inputs: Inputs) -> torch.Tensor:
    with torch.inference_mode():
        pixels = torch.from_numpy(prepared(inputs["image"], blip.pictures))
        seen: torch.Tensor = blip.network.vision_model(pixel_values=pixels).last_hidden_state
        return seen


def _cross_cache(decoder: BlipTextLMHeadModel, seen: torch.Tensor) -> dict[str, Array]:
    """The keys and values that transformers caches when the decoder says its first word."""
    begin = torch.full((len(seen), 1), decoder.config.bos_token_id)
    cache = decoder(input_ids=begin, encoder_hidden_states=seen, use_cache=True).past_key_values
    layers = cache.cross_attention_cache.layers
    return {
        "seen_keys": torch.stack([layer.keys for layer in layers], 1).numpy(),
        "seen_values": torch.stack([layer.values for layer in layers], 1).numpy(),
    }


def _questions(blip: "Blip[Answerer]", rows: int, random: np.random.Generator) -> dict[str, Array]:
    known = np.arange(max(_QUESTION_LENGTHS)) < np.array(_QUESTION_LENGTHS)[:rows, None]
    tokens = random.integers(1, blip.network.config.text_config.vocab_size, known.shape)
    return {"question": np.where(known, tokens, 0).astype(np.int64), "known": known}


def _step_inputs(decoder: BlipTextLMHeadModel, rows: int, random: np.random.Generator) -> dict[str, Array]:
    text = decoder.config
    heads, depth = text.num_attention_heads, text.hidden_size // text.num_attention_heads
    past = (rows, _BEAMS, text.num_hidden_layers, heads, _SAID_BEFORE, depth)
    seen = (rows, text.num_hidden_layers, heads, max(_QUESTION_LENGTHS), depth)

    def numbers(shape: tuple[int, ...]) -> Array:
        return random.standard_normal(shape).astype(np.float32)

    return {
        "token": random.integers(1, text.vocab_size, (rows, _BEAMS)),
        "position": np.full(rows, _SAID_BEFORE, np.int64),
        "past_keys": numbers(past),
        "past_values": numbers(past),
        "seen_keys": numbers(seen),
        "seen_values": numbers(seen),
        "seen": np.arange(max(_QUESTION_LENGTHS)) < np.array(_QUESTION_LENGTHS)[:rows, None],
    }


def _cache_of(inputs: Inputs, places: int) -> EncoderDecoderCache:
    """Cache of transformers with the keys and values of `inputs`, a row for every beam; `places` of what is seen."""
    beams = inputs["token"].shape[1]
    own, seen = DynamicCache(), DynamicCache()
    for layer in range(inputs["past_keys"].shape[2]):
        own.update(*(_flat(inputs[name][:, :, layer]) for name in ("past_keys", "past_values")), layer)
        attended = (inputs[name][:, layer, :, :places] for name in ("seen_keys", "seen_values"))
        seen.update(*(torch.from_numpy(np.repeat(one, beams, axis=0)) for one in attended), layer)
    # Made of caches that hold something, it knows by itself that what is looked at was computed already.
    return EncoderDecoderCache(own, seen)


def _flat(values: Array) -> torch.Tensor:
    """[rows, beams, ...] → [rows · beams, ...]."""
    return torch.from_numpy(np.ascontiguousarray(values)).flatten(0, 1)
