"""Cuts words down to crude stems, enough to match "edges" with "edge" and "enlarged" with "enlarge"; no grammar."""

from __future__ import annotations

_ENDINGS = ("ation", "ed", "es", "ing", "s", "e")


def stem(word: str) -> str:
    """The word in lower case without its ending, if three letters are left."""
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
