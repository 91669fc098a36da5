"""Turns questions into tokens, and tokens into text, with a network's own vocabulary; runs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from visgate_server.tokenizer_files import open_tokenizer_file

VOCABULARY_FILE = "vocabulary.json"


@dataclass(frozen=True)
class ReadQuestion:
    """A question as a network reads it.

    Attributes:
        tokens: int64 [tokens], with the marks.
        is_cut: whether the question was longer than the network reads; its end mark is kept.
        unknown_words: words that the network does not know, in lower case, in order.
    """

    tokens: NDArray[np.int64]
    is_cut: bool
    unknown_words: tuple[str, ...]


class Vocabulary:
    """A network's words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._unknown = tokenizer.token_to_id("[UNK]")

    def question(self, text: str, longest: int) -> ReadQuestion:
        """A question's tokens, at most `longest` of them."""
        encoded = self._tokenizer.encode(text)
        ids = encoded.ids
        unknown = [encoded.offsets[place] for place, token in enumerate(ids) if token == self._unknown]
        is_cut = len(ids) > longest
        kept = [*ids[: longest - 1], ids[-1]] if is_cut else ids
        return ReadQuestion(np.array(kept, np.int64), is_cut, tuple(text[start:end].lower() for start, end in unknown))

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text: pieces of words joined, marks left out."""
        return str(self._tokenizer.decode(list(tokens))).strip()


def open_vocabulary(folder: Path) -> Vocabulary:
    """Opens the vocabulary of a model's version folder.

    Raises:
        NetworkError: there is none, or it cannot be read.
    """
    return Vocabulary(open_tokenizer_file(folder / VOCABULARY_FILE))
