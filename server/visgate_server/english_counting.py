"""Counts things in English: "a cat", "two people", "three pairs of scissors"; knows nothing about pictures."""

from __future__ import annotations

from collections.abc import Sequence

_PLURALS = {"person": "people", "mouse": "mice", "knife": "knives", "sheep": "sheep", "broccoli": "broccoli"}
_PAIRS = frozenset({"scissors", "skis"})
_NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HISSING = ("s", "x", "z", "ch", "sh")
_VOWELS = "aeiou"


def numeral(count: int) -> str:
    """A number as a word where it is short: "no", "one" … "twelve", "13"."""
    return _NUMERALS[count] if 0 <= count < len(_NUMERALS) else str(count)


def counted(noun: str, count: int) -> str:
    """So many of a thing: "a cat", "an oven", "two people", "no cups"."""
    if noun in _PAIRS:
        return f"a pair of {noun}" if count == 1 else f"{numeral(count)} pairs of {noun}"
    if noun in ("broccoli",):
        return noun
    if count == 1:
        return f"{'an' if noun[0].lower() in _VOWELS else 'a'} {noun}"
    return f"{numeral(count)} {plural(noun)}"


def plural(noun: str) -> str:
    """The plural of a noun or of a noun phrase that ends in its noun."""
    head, space, last = noun.rpartition(" ")
    if last in _PLURALS:
        last = _PLURALS[last]
    elif last.endswith(_HISSING):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in _VOWELS:
        last = f"{last[:-1]}ies"
    else:
        last += "s"
    return head + space + last


def listed(parts: Sequence[str]) -> str:
    """Parts as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
