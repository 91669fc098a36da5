"""Runs a decoder one word at a time and keeps what it has computed (the KV cache); chooses no words.

A step computes one token for every beam of every row. Keys and values of the words before come from the cache, those of
the picture or question were computed once; a row that is done leaves, and the steps after it are smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.networks import Network

Floats = NDArray[np.float32]
Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """What rows of text are made from, as the decoder attends to it.

    Attributes:
        keys: float32 [rows, layers, heads, places, depth].
        values: as `keys`.
        known: bool [rows, places]; False where a shorter row is padded.
    """

    keys: Floats
    values: Floats
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, chosen: NDArray[np.intp]) -> Seen:
        """These rows of it."""
        return Seen(self.keys[chosen], self.values[chosen], self.known[chosen])


class WordDecoder:
    """Texts in the making, all begun together and so of one length."""

    def __init__(self, network: Network, seen: Seen) -> None:
        """Begins a text for each row.

        Args:
            network: takes and gives what `visgate_export.language.wrappers.NextWord` says.
            seen: what the rows are made from.
        """
        self._network = network
        self._seen = seen
        rows, layers, heads, _, depth = seen.keys.shape
        self._keys: Floats = np.zeros((rows, 1, layers, heads, 0, depth), np.float32)
        self._values = self._keys

    @property
    def length(self) -> int:
        """How many tokens have gone in."""
        return int(self._keys.shape[4])

    def step(self, tokens: Tokens) -> Floats:
        """Takes the next token of every beam, [rows, beams], and gives the log-probabilities of the one after.

        Returns:
            float32 [rows, beams, vocabulary].
        """
        outputs = self._network.run(
            {
                "token": tokens,
                "position": np.full(len(tokens), self.length, np.int64),
                "past_keys": self._keys,
                "past_values": self._values,
                "seen_keys": self._seen.keys,
                "seen_values": self._seen.values,
                "seen": self._seen.known,
            }
        )
        self._keys, self._values = outputs["keys"], outputs["values"]
        return np.asarray(outputs["log_probabilities"], np.float32)

    def follow(self, parents: NDArray[np.intp]) -> None:
        """Goes on from other beams: beam b of row n continues what was beam `parents[n, b]`; [rows, beams]."""
        rows = np.arange(len(parents))[:, None]
        self._keys, self._values = self._keys[rows, parents], self._values[rows, parents]

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Lets all rows but these leave."""
        self._seen = self._seen.rows(rows)
        self._keys, self._values = self._keys[rows], self._values[rows]
