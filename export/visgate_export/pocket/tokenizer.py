"""Trains the pocket text encoder's tokenizer, CLIP's rules with a vocabulary of its own; encodes no prompts.

The rules (lower case, how text falls into words, byte-level pairs that mark a word's end with `</w>`, a begin and an
end mark round every text) are those of transformers' `CLIPTokenizer`, taken from it and not written down again.
"""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, pre_tokenizers, trainers
from transformers import CLIPTokenizer

BEGIN, END = "<|startoftext|>", "<|endoftext|>"
BEGIN_TOKEN, END_TOKEN = 0, 1
"""Their ids; `END` also fills up short prompts."""
_WORD_END = "</w>"


def train_tokenizer(captions: Iterable[str], vocabulary_size: int) -> Tokenizer:
    """Learns which letters to join from `captions`; every other text can be encoded too, byte by byte if need be.

    Args:
        captions: texts such as the prompts that are to come.
        vocabulary_size: ids to give out, 514 or more (two marks, 256 bytes, 256 bytes that end a word); there are
            fewer if `captions` hold less than that to join. `get_vocab_size()` of the result tells.

    Raises:
        ValueError: `vocabulary_size` is below 514.
    """
    bytes_as_letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    single = [BEGIN, END, *bytes_as_letters, *(letter + _WORD_END for letter in bytes_as_letters)]
    if vocabulary_size < len(single):
        raise ValueError(f"a vocabulary of {vocabulary_size} cannot hold every byte: ask for {len(single)} or more")
    joins = _learn_joins(captions, vocabulary_size, single)
    words = dict.fromkeys([*single, *(left + right for left, right in joins)])
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=joins).backend_tokenizer
    return Tokenizer.from_str(tokenizer.to_str())  # a plain one: transformers replaces a method of its own


def _learn_joins(captions: Iterable[str], vocabulary_size: int, single: list[str]) -> list[tuple[str, str]]:
    # By itself the trainer knows a letter with its word-end mark only where it met one, so that other words would
    # end in an unknown token, and it meets them in an order that changes from run to run. Handed in as special
    # tokens they are all there, and in order.
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size, end_of_word_suffix=_WORD_END, special_tokens=single, show_progress=False
    )
    learner = CLIPTokenizer().backend_tokenizer
    learner.train_from_iterator(captions, trainer)
    return [(left, right) for left, right in json.loads(learner.to_str())["model"]["merges"]]
