"""Turns the recogniser's probabilities into text by CTC; knows nothing about pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import NetworkError

BLANK = 0
"""The class that means "no letter here"; the alphabet's characters follow it, and a space follows them."""


SPACE_PROBABILITY = 0.1
"""The recogniser is unsure of spaces between Latin words and drops most of them: one is read where none is the best
guess but some step between two letters gives it this much. On printed lines true gaps had 0.13 to 0.7, others 0.1 at
most but for one before an underscore."""


@dataclass(frozen=True)
class Reading:
    """What a line says, and the mean probability of its letters, 0–1."""

    text: str
    score: float


class Alphabet:
    """The characters that the recogniser's classes stand for."""

    def __init__(self, characters: Sequence[str]) -> None:
        """Takes the characters in class order, without the blank and the space."""
        self._characters = np.array(["", *characters, " "], dtype=np.str_)

    @classmethod
    def from_metadata(cls, text: str, classes: int) -> Alphabet:
        """Reads the alphabet that the recogniser's file carries, a character a line.

        Raises:
            NetworkError: it does not fit a recogniser of so many classes.
        """
        characters = text.split("\n")
        # The last line may or may not end in a newline; an empty line elsewhere would be a character lost.
        if characters and not characters[-1]:
            characters.pop()
        if len(characters) + 2 != classes:
            raise NetworkError(
                f"the recogniser has {classes} classes and an alphabet of {len(characters)}: run `make models`"
            )
        return cls(characters)

    def decode(self, probabilities: NDArray[np.float32]) -> Reading:
        """The most likely text by best-path decoding (Graves et al. 2006): repeats count once, blanks separate.

        Args:
            probabilities: float32 [steps, classes].
        """
        best = probabilities.argmax(axis=1)
        begins = best != BLANK
        begins[1:] &= best[1:] != best[:-1]
        steps = np.flatnonzero(begins)
        if not len(steps):
            return Reading("", 0.0)
        space = len(self._characters) - 1
        letters = [self._characters[best[steps[0]]]]
        for last, step in pairwise(steps.tolist()):
            between = probabilities[last + 1 : step, space]
            if len(between) and between.max() > SPACE_PROBABILITY and space not in (best[last], best[step]):
                letters.append(" ")
            letters.append(self._characters[best[step]])
        return Reading(_plain("".join(letters).strip()), float(probabilities[steps, best[steps]].mean()))


def _plain(text: str) -> str:
    """Full-width brackets and the like, which belong among ideographs, as ASCII where there are none."""
    return text if _IDEOGRAPH.search(text) else text.translate(_FULL_WIDTH)


_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
