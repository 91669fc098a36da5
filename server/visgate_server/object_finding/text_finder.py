"""Finds what words say in pictures, with CLIPSeg's three networks; knows nothing about tools or photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visgate_server.networks import Network, open_network
from visgate_server.object_finding.finder_files import MASK_NETWORK, TEXT_NETWORK, TOKENIZER_FILE, VISION_NETWORK
from visgate_server.object_finding.finder_profile import FinderProfile, read_profile
from visgate_server.tokenizer_files import open_tokenizer_file

SAME_MEANING = 0.9
"""Cosine from which two texts mean the same word."""

_MASKS_AT_ONCE = 64

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures as the vision network sees them: what any number of texts can be asked about.

    Attributes:
        activations: float32 [N, layers, tokens, width].
    """

    activations: Plane

    def __len__(self) -> int:
        return len(self.activations)


class TextFinder:
    """The text encoder, the vision network and the mask decoder together."""

    def __init__(self, folder: Path) -> None:
        """Opens the networks of a model's version folder.

        Raises:
            NetworkError: one of them or a file beside them is missing or cannot be read.
        """
        self.profile: FinderProfile = read_profile(folder)
        self._text: Network = open_network(folder / TEXT_NETWORK)
        self._vision: Network = open_network(folder / VISION_NETWORK)
        self._masks: Network = open_network(folder / MASK_NETWORK)
        self._tokenizer = open_tokenizer_file(folder / TOKENIZER_FILE)
        self._word_directions = self._directions(self.profile.words)

    def embed(self, texts: Sequence[str]) -> Plane:
        """Texts as float32 [N, width]; equal texts are read once."""
        unique = list(dict.fromkeys(texts))
        ids = np.stack([self._ids(text) for text in unique])
        embeddings = self._text.run({"input_ids": ids})["embedding"]
        rows: Plane = embeddings[[unique.index(text) for text in texts]]
        return rows

    def look(self, pictures: NDArray[np.uint8]) -> Seen:
        """Pictures UINT8 [N, side, side, 3], seen once, whatever is asked about them."""
        return Seen(self._vision.run({"image": pictures})["activations"])

    def masks(self, seen: Seen, embeddings: Plane) -> Plane:
        """The probability of each pixel to be meant, float32 [N, rows, columns], for a text a picture."""
        parts = [
            self._masks.run({"activations": seen.activations[part], "embedding": embeddings[part]})["mask"]
            for part in (slice(start, start + _MASKS_AT_ONCE) for start in range(0, len(seen), _MASKS_AT_ONCE))
        ]
        return np.concatenate(parts)

    def score(self, mask: Plane) -> float:
        """How sure the network is of a mask of probabilities: their mean where it is above the threshold.

        Where too little is above it for a thing, it is the largest mean of as many pixels as a thing has at least.
        """
        inside = mask[mask >= self.profile.threshold]
        least = max(1, round(self.profile.least_share * mask.size))
        if inside.size >= least:
            return float(inside.mean())
        return float(np.partition(mask.ravel(), -least)[-least:].mean())

    def is_there(self, mask: Plane) -> bool:
        """Whether enough pixels are meant for a thing."""
        return int((mask >= self.profile.threshold).sum()) >= self.profile.least_share * mask.size

    def word_of(self, embedding: Plane) -> str | None:
        """The known word that a text with this embedding, float32 [width], means; None where it means none of them.

        A text with the word, a synonym or a place lies close to the plain word: of 300 texts the farthest had a cosine
        of 0.96, of 55 words that the network never read the nearest 0.86, of words for kinds of thing 0.84.
        """
        if self._word_directions is None:
            return None
        cosines = self._word_directions @ (embedding / max(float(np.linalg.norm(embedding)), 1e-6))
        best = int(cosines.argmax())
        return self.profile.words[best] if cosines[best] >= SAME_MEANING else None

    def _directions(self, words: Sequence[str]) -> Plane | None:
        """Embeddings of length 1, [words, width]; None where there are no words."""
        if not words:
            return None
        embeddings = self.embed(words)
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32)

    def _ids(self, text: str) -> NDArray[np.int64]:
        """Begin mark, tokens, end mark and padding; what does not fit is left out, as CLIP's tokenizer does."""
        profile = self.profile
        kept = self._tokenizer.encode(text, add_special_tokens=False).ids[: profile.text_length - 2]
        ids = np.full(profile.text_length, profile.pad_token, np.int64)
        ids[: len(kept) + 2] = [profile.begin_token, *kept, profile.end_token]
        return ids
