"""Prompts are tokenised as CLIP's own tokenizer does it, and what is cut off is told."""

from __future__ import annotations

import pytest
from diffusion_profiles import TEXT_LENGTH
from tiny_vocabulary import clip_tokenizer

from visgate_server.diffusion.diffusion_networks import DiffusionNetworks

PROMPTS = [
    "",
    "a cat",
    "A red CAT on  a\tdog's   house, 3.5 metres!",
    "Gâteau à l’été — 猫 🐈",
    "cat " * 40,
    "cat " * 75,
    "cat " * 76,
    "x" * 500,
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_ids_are_those_of_transformers(networks: DiffusionNetworks, prompt: str) -> None:
    expected = clip_tokenizer()(prompt, padding="max_length", truncation=True, max_length=TEXT_LENGTH)
    ours = networks.tokenizer.encode(prompt)
    assert ours.ids.tolist() == expected.input_ids
    assert ours.tokens == sum(expected.attention_mask) - 2


def test_a_short_prompt_begins_ends_and_is_padded(networks: DiffusionNetworks) -> None:
    prompt = networks.tokenizer.encode("cat on")
    assert prompt.tokens == 2
    assert prompt.ids[0] == 0
    assert 1 not in prompt.ids[1:3]
    assert (prompt.ids[3:] == 1).all()
    assert prompt.cut_off == ""


def test_what_does_not_fit_is_told_word_for_word(networks: DiffusionNetworks) -> None:
    fitting = " ".join(["cat"] * 75)
    assert networks.tokenizer.encode(fitting).cut_off == ""
    assert networks.tokenizer.encode(fitting + " Red dog").cut_off == "Red dog"
    assert networks.tokenizer.encode(fitting + " Red dog").tokens == 75
