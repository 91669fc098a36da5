"""The pocket tokenizer follows CLIP's rules, whatever it was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

from visgate_export.pocket.tokenizer import BEGIN_TOKEN, END_TOKEN, train_tokenizer

from .pocket_weights import CAPTIONS

TEXTS = (
    "a cat left of an apple on a blue background",
    "A CAT,  left-of\tan 'Apple'!! on 42 BLUE backgrounds…",
    "it's they're we've i'm you'll he'd",
    "naïve café – 漢字 Ünïcode 🎈\n\u00a0x",
    "\x00\x7f\u200b<|endoftext|> after",
    "",
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(CAPTIONS, 600)


def test_equal_to_transformers_with_the_same_vocabulary(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in model["merges"])
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    theirs = CLIPTokenizer.from_pretrained(tmp_path)
    for text in TEXTS:
        assert tokenizer.encode(text).ids == theirs(text).input_ids, text


def test_marks_stand_round_every_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("a cat").ids
    assert (ids[0], ids[-1]) == (BEGIN_TOKEN, END_TOKEN)
    assert tokenizer.encode("").ids == [BEGIN_TOKEN, END_TOKEN]


def test_words_of_the_captions_are_joined(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("A Tulip on a red background").tokens[1:-1] == [
        f"{word}</w>" for word in ("a", "tulip", "on", "a", "red", "background")
    ]


def test_every_byte_can_be_encoded(tokenizer: Tokenizer) -> None:
    """An unknown letter would come out as the end mark, and end the prompt there."""
    for number in [*range(0x3000), *range(0x1F300, 0x1F700)]:
        for text in (chr(number), f"{chr(number)}a", f"a{chr(number)}"):
            assert END_TOKEN not in tokenizer.encode(text, add_special_tokens=False).ids, hex(number)


def test_the_same_captions_give_the_same_file() -> None:
    assert train_tokenizer(iter(CAPTIONS), 600).to_str() == train_tokenizer(CAPTIONS, 600).to_str()


def test_the_vocabulary_is_as_large_as_asked(tokenizer: Tokenizer) -> None:
    assert train_tokenizer(CAPTIONS, 520).get_vocab_size() == 520
    assert train_tokenizer(CAPTIONS, 514).encode("cat").tokens[1:-1] == ["c", "a", "t</w>"]
    assert sorted(tokenizer.get_vocab().values()) == list(range(tokenizer.get_vocab_size()))
    with pytest.raises(ValueError, match="ask for 514 or more"):
        train_tokenizer(CAPTIONS, 513)
