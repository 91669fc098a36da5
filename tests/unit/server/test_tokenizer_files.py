"""A tokenizer is opened whole or refused with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from visgate_server.errors import NetworkError
from visgate_server.tokenizer_files import open_tokenizer_file


def test_it_neither_pads_nor_cuts_off(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"cat": 0, "dog": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    opened = open_tokenizer_file(tmp_path / "tokenizer.json")
    assert opened.encode("cat").ids == [0]
    assert opened.encode("cat dog cat").ids == [0, 1, 0]


def test_a_missing_or_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(NetworkError, match=r"no tokenizer.*make models"):
        open_tokenizer_file(path)
    path.write_text("{")
    with pytest.raises(NetworkError, match=r"cannot be read.*make models"):
        open_tokenizer_file(path)
