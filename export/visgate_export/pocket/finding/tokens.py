"""Turns texts into the finder's tokens with the pocket tokenizer; knows no network."""

import torch
from tokenizers import Tokenizer

from visgate_export.pocket.finding.architecture import TEXT_LENGTH
from visgate_export.pocket.tokenizer import END_TOKEN


def text_tokens(tokenizer: Tokenizer, texts: list[str], length: int = TEXT_LENGTH) -> torch.Tensor:
    """Texts as int64 [N, length]: begin mark, tokens (cut off at the end if there are too many), end marks."""
    rows = [encoded.ids[: length - 1] for encoded in tokenizer.encode_batch(texts)]
    return torch.tensor([row + [END_TOKEN] * (length - len(row)) for row in rows])
