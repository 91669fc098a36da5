"""How wrong a text decoder is about the next words, for captions and answers alike; trains nothing."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from visgate_export.pocket.language.vocabulary import BEGIN_TOKEN, END_TOKEN, PADDING_TOKEN

_IGNORED = -100
"""The label of padding, which losses pass over."""


def label_rows(vocabulary: Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Texts as what a decoder is to say, int64 [N, longest]: begin mark, words, end mark, then labels of padding."""
    encoded = [one.ids for one in vocabulary.encode_batch(list(texts), add_special_tokens=False)]
    rows = torch.full((len(texts), max(map(len, encoded)) + 2), _IGNORED)
    for row, ids in zip(rows, encoded, strict=True):
        row[: len(ids) + 2] = torch.tensor([BEGIN_TOKEN, *ids, END_TOKEN])
    return rows


def word_loss(
    decoder: torch.nn.Module, context: torch.Tensor, labels: torch.Tensor, known: torch.Tensor | None = None
) -> torch.Tensor:
    """Cross-entropy of a decoder's next words.

    Args:
        decoder: BLIP's text decoder.
        context: what it attends to, [N, places, width].
        labels: rows of `label_rows`.
        known: int64 [N, places], 1 where the context is no padding; None where none of it is.
    """
    said = labels[:, : int((labels != _IGNORED).sum(1).max())]
    words = decoder(
        input_ids=said.masked_fill(said == _IGNORED, PADDING_TOKEN)[:, :-1],
        encoder_hidden_states=context,
        encoder_attention_mask=known,
        use_cache=False,
    ).logits
    return functional.cross_entropy(words.float().flatten(0, 1), said[:, 1:].flatten(), ignore_index=_IGNORED)
