"""CLIP's tokenizer with a vocabulary of single bytes and a few merges."""

from __future__ import annotations

from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTokenizer

MERGES = ["c a", "ca t</w>", "d o", "do g</w>", "r e", "re d</w>", "o n</w>"]


def clip_tokenizer() -> CLIPTokenizer:
    """The class that diffusers' Stable Diffusion pipelines use; begin 0, end and padding 1."""
    letters = sorted(ByteLevel.alphabet())
    merged = [merge.replace(" ", "") for merge in MERGES]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters), *merged]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[tuple(merge.split(" ")) for merge in MERGES],
        model_max_length=77,
    )
