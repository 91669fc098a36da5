"""Turns what is looked for into GroundingDINO's text inputs; runs no network.

The text network reads several phrases at once, divided by full stops, none of which may see another: who sees whom and
where a token stands within its phrase depend on the ids alone. Exporters of ONNX lack the operations for that, so it is
worked out here, as `generate_masks_with_special_tokens_and_transfer_map` of transformers does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from visgate_server.object_finding.finder_profile import GroundedProfile


@dataclass(frozen=True, eq=False)
class Prompts:
    """Texts as the network takes them, filled up to the longest of them.

    Attributes:
        ids: int64 [N, tokens].
        is_text: bool [N, tokens]; False where a text is filled up.
        sees: bool [N, tokens, tokens]; whether a token sees another.
        places: int64 [N, tokens]; where a token stands within its phrase.
    """

    ids: NDArray[np.int64]
    is_text: NDArray[np.bool_]
    sees: NDArray[np.bool_]
    places: NDArray[np.int64]

    def part(self, rows: slice) -> Prompts:
        """Some of the texts."""
        return Prompts(self.ids[rows], self.is_text[rows], self.sees[rows], self.places[rows])

    def inputs(self) -> dict[str, NDArray[np.int64] | NDArray[np.bool_]]:
        """By the network's names."""
        return {"input_ids": self.ids, "is_text": self.is_text, "sees": self.sees, "places": self.places}


def read_phrases(phrases: Sequence[str], tokenizer: Tokenizer, profile: GroundedProfile) -> Prompts:
    """Each phrase as a text of its own, in lower case and with a full stop behind it, as the network was trained.

    A phrase that is too long loses its last words, but not the full stop: what is not closed by one sees nothing.
    """
    rows = []
    for phrase in phrases:
        # What comes last without a full stop would be read in another way with padding behind it than without.
        tokens = tokenizer.encode(phrase.strip().lower(), add_special_tokens=False).ids[: profile.text_length - 3]
        rows.append([profile.begin_token, *tokens, profile.stop_token, profile.end_token])
    ids = np.full((len(rows), max(map(len, rows), default=0)), profile.pad_token, np.int64)
    is_text = np.zeros(ids.shape, np.bool_)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        is_text[number, : len(row)] = True
    return Prompts(ids, is_text, *phrase_masks(ids, profile.delimiters))


def phrase_masks(ids: NDArray[np.int64], delimiters: Sequence[int]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Who sees whom, bool [N, tokens, tokens], and where each token stands in its phrase, int64 [N, tokens].

    A phrase ends with a delimiter, which belongs to it. The tokens of a phrase see each other; what comes before the
    first delimiter of all, behind the last one, or is closed by the very last token, sees itself alone.

    Args:
        ids: int64 [N, tokens].
        delimiters: ids of full stop, question mark and the marks of begin and end.
    """
    rows, count = ids.shape
    divides = np.isin(ids, delimiters)
    index = np.broadcast_to(np.arange(count), ids.shape)
    last = np.maximum.accumulate(np.where(divides, index, -1), axis=1)
    before = np.concatenate([np.full((rows, 1), -1), last[:, :-1]], axis=1)
    closing = np.minimum.accumulate(np.where(divides, index, count)[:, ::-1], axis=1)[:, ::-1]
    closed = (closing != 0) & (closing != count - 1) & (closing != count)
    sees = (closing[:, :, None] == closing[:, None, :]) & closed[:, None, :] | np.eye(count, dtype=np.bool_)
    places = np.where(closed, index - before - 1, 0)
    return sees, places.astype(np.int64)
