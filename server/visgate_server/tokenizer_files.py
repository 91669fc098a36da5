"""Opens the tokenizer that the export put beside a network; knows nothing about what is tokenised."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from visgate_server.errors import NetworkError


def open_tokenizer_file(path: Path) -> Tokenizer:
    """A tokenizer that neither pads nor cuts off.

    Raises:
        NetworkError: the file is missing or cannot be read.
    """
    if not path.is_file():
        raise NetworkError(f"no tokenizer at {path}: run `make models`")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise NetworkError(f"{path} cannot be read: {error}; run `make models` to export it anew") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
