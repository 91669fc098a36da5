"""Questions become tokens and tokens text; pictures are looked at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from visgate_server.errors import NetworkError
from visgate_server.language.looked_at import LookedAt
from visgate_server.language.profile import read_profile
from visgate_server.language.vocabulary import Vocabulary, open_vocabulary

PIECES = ["[PAD]", "[UNK]", "[SEP]", "[CLS]", "what", "is", "un", "##happy", "the", "cat", "##s"]


def bert_like() -> Tokenizer:
    tokenizer = Tokenizer(
        models.WordPiece(vocab={piece: index for index, piece in enumerate(PIECES)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 3), ("[SEP]", 2)]
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def test_questions_are_read_in_pieces_with_marks() -> None:
    read = Vocabulary(bert_like()).question("What is UNHAPPY zorgs", 20)
    assert [PIECES[token] for token in read.tokens] == ["[CLS]", "what", "is", "un", "##happy", "[UNK]", "[SEP]"]
    assert read.unknown_words == ("zorgs",)
    assert not read.is_cut


def test_a_long_question_keeps_its_end_mark() -> None:
    read = Vocabulary(bert_like()).question("what is the cat " * 10, 6)
    assert read.is_cut
    assert [PIECES[token] for token in read.tokens] == ["[CLS]", "what", "is", "the", "cat", "[SEP]"]


def test_pieces_are_joined_to_words() -> None:
    tokens = [PIECES.index(piece) for piece in ("the", "un", "##happy", "cat", "##s", "[SEP]")]
    vocabulary = Vocabulary(bert_like())
    assert vocabulary.text(tokens[:-1]) == "the unhappy cats"
    assert vocabulary.text([]) == ""


def test_missing_or_broken_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="make models"):
        open_vocabulary(tmp_path)
    with pytest.raises(NetworkError, match="make models"):
        read_profile(tmp_path)
    (tmp_path / "vocabulary.json").write_text("{}")
    (tmp_path / "profile.json").write_text('{"title": "half of it"}')
    with pytest.raises(NetworkError, match="make models"):
        open_vocabulary(tmp_path)
    with pytest.raises(NetworkError, match="longest_text"):
        read_profile(tmp_path)


class Eyes:
    """Sees a picture's mean, and keeps count of what it looked at."""

    def __init__(self) -> None:
        self.looks: list[int] = []

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        self.looks.append(len(pictures))
        return pictures.mean((1, 2)).astype(np.float32)


def grey(level: int) -> np.ndarray:
    return np.full((4, 4, 3), level, np.uint8)


def test_a_picture_is_looked_at_once_in_a_batch_and_after() -> None:
    eyes = Eyes()
    looked = LookedAt(eyes, remembered=2)
    views = looked.see(np.stack([grey(1), grey(2), grey(1)]))
    assert views[:, 0].tolist() == [1, 2, 1]
    assert eyes.looks == [2]
    assert looked.see(np.stack([grey(2), grey(3)]))[:, 0].tolist() == [2, 3]
    assert eyes.looks == [2, 1]
    # 1 was looked at longest ago, and there is room for two.
    assert looked.see(np.stack([grey(1), grey(3)]))[:, 0].tolist() == [1, 3]
    assert eyes.looks == [2, 1, 1]


def test_more_pictures_than_it_remembers_are_all_seen() -> None:
    looked = LookedAt(Eyes(), remembered=2)
    assert looked.see(np.stack([grey(level) for level in range(5)]))[:, 0].tolist() == [0, 1, 2, 3, 4]
