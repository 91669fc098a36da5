"""Turns a prompt into the text encoder's tokens by CLIP's rules, and tells what was cut off; runs no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.tokenizer_files import open_tokenizer_file

TOKENIZER_FILE = "tokenizer.json"


@dataclass(frozen=True)
class Prompt:
    """A prompt as the text encoder reads it.

    Attributes:
        ids: int64 [text length]: the begin mark, the tokens, the end mark, and padding.
        tokens: how many of the ids are the text's own.
        cut_off: the end of the text that did not fit; empty where all of it did.
    """

    ids: NDArray[np.int64]
    tokens: int
    cut_off: str


class PromptTokenizer:
    """Tokenises prompts with a folder's own vocabulary."""

    def __init__(self, tokenizer: Tokenizer, profile: DiffusionProfile) -> None:
        self._tokenizer = tokenizer
        self._profile = profile

    def encode(self, text: str) -> Prompt:
        """A prompt's tokens; what is too long is cut off at the end, as CLIP's tokenizer cuts it."""
        profile = self._profile
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        room = profile.text_length - 2
        kept = encoding.ids[:room]
        cut_off = text[encoding.offsets[room][0] :] if len(encoding.ids) > room else ""
        ids = np.full(profile.text_length, profile.pad_token, np.int64)
        ids[: len(kept) + 2] = [profile.begin_token, *kept, profile.end_token]
        return Prompt(ids, len(kept), cut_off)


def open_tokenizer(folder: Path, profile: DiffusionProfile) -> PromptTokenizer:
    """Opens the tokenizer of a model's version folder.

    Raises:
        NetworkError: there is none, or it cannot be read.
    """
    return PromptTokenizer(open_tokenizer_file(folder / TOKENIZER_FILE), profile)
