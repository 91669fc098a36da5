"""Reads from a clause which picture it speaks of; knows words, not which pictures there are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from visgate_agent.planner.file_names import PICTURE_FILE

_FILE = re.compile(rf"{PICTURE_FILE}\b", re.I)
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_PICTURE = r"(?:photo(?:graph)?|picture|image|page|one|file|scan|shot)"
_ORDINAL = re.compile(
    r"\b(" + "|".join(_ORDINALS) + r")\b(?:\s+" + _PICTURE + r"\b|\s*$)|\b" + _PICTURE + r"\s+(\d)\b(?!\s*\w)", re.I
)
_ALL = re.compile(
    r"\b(?:both|all|each|every)\s+(?:of\s+)?(?:the\s+|these\s+|my\s+)?(?:two\s+|three\s+)?" + _PICTURE + r"s?\b"
    r"|\b(?:the|these|my)\s+(?:two\s+|three\s+)?(?:photos|photographs|pictures|images|pages)\b|\bboth of them\b",
    re.I,
)
_ORIGINAL = re.compile(r"\b(?:original|photo|photograph|source (?:picture|image)|input (?:picture|image))\b", re.I)
_RESULT = re.compile(
    r"\b(?:results?|output|outcome|(?:the|this|that) drawing|cut-?\s?out (?=$|picture|image|person|version)|cut-?out|"
    r"(?:new|newest|latest|resulting) (?:one|picture|image)|that (?:one|picture|image))\b",
    re.I,
)
_CONTAINED = re.compile(r"\b(?:in|on|inside|within)\s+(?:it|there|that|this)\b", re.I)
_PRONOUN = re.compile(r"\b(?:it|that|them|those)\b", re.I)
_LEADING_QUESTION = re.compile(r"^(?:is|are|does|do|what|which|who|where|how|was|will|tell)\b", re.I)
_MENTION = re.compile(r"\b(?:the|that|this|of|its|those)\s+([a-z]+(?:[\s-][a-z]+)?)", re.I)
_GUIDES = re.compile(r"\b(?:these|those|my|their)\s+([a-z]+)", re.I)
_DETERMINERS = re.compile(r"\b(?:the|a|an|this|that|all|any|my|its|every|each|no|some)\b", re.I)


@dataclass(frozen=True)
class Named:
    """The clause spells out a picture's file name."""

    name: str


@dataclass(frozen=True)
class Ordinal:
    """The clause counts the user's photos: 0 is the first, -1 the last."""

    position: int


@dataclass(frozen=True)
class AllPhotos:
    """The clause speaks of several of the user's photos at once."""


@dataclass(frozen=True)
class OriginalPhoto:
    """The clause speaks of the photo that the user attached, not of what tools made of it."""


@dataclass(frozen=True)
class Newest:
    """The clause speaks of what was made last ("it", "the result").

    Attributes:
        transformed: whether it says "the cut-out" or the like, which is no drawing made of findings.
    """

    transformed: bool = False


@dataclass(frozen=True)
class Mentioned:
    """The clause may name a picture by what it shows ("the sketch"); if no such picture was made, `otherwise` holds.

    Attributes:
        words: the nouns and participles that stand after "the", "that" or "of", in lower case.
    """

    words: tuple[str, ...]
    otherwise: Newest | OriginalPhoto | Content


@dataclass(frozen=True)
class Content:
    """The clause speaks of something that is seen in a picture ("the person"), or names no picture at all."""


Reference = Named | Ordinal | AllPhotos | OriginalPhoto | Newest | Mentioned | Content


def read_reference(clause: str) -> Reference:
    """Which picture a clause speaks of."""
    if named := _FILE.search(clause):
        return Named(named.group().strip("\"'“”‘’()[]"))
    if _ALL.search(clause):
        return AllPhotos()
    if ordinal := _ORDINAL.search(clause):
        word, number = ordinal.groups()
        return Ordinal(_ORDINALS[word.lower()] if word else int(number) - 1)
    words = tuple(match.group(1).lower() for match in _MENTION.finditer(clause))
    return Mentioned(words, _unmentioned(clause)) if words else _unmentioned(clause)


def read_source(words: str) -> Reference:
    """Which picture something is to be drawn from, given the words for it: what was made last, if they name none."""
    reference = read_reference(words)
    match reference:
        case Mentioned(mentions, Content()):
            return Mentioned(mentions, Newest())
        case Content() | Newest():
            guides = tuple(_GUIDES.findall(words.lower()))
            return Mentioned(guides, Newest()) if guides else Newest()
    return reference


def _unmentioned(clause: str) -> Newest | OriginalPhoto | Content:
    if result := _RESULT.search(clause):
        return Newest(transformed="cut" in result.group().lower())
    if _ORIGINAL.search(clause):
        return OriginalPhoto()
    if _CONTAINED.search(clause) or _LEADING_QUESTION.search(clause):
        return Content()
    if _PRONOUN.search(clause):
        return Newest()
    # "Enlarge four times" has no object: it goes on with what was made before.
    return Content() if _DETERMINERS.search(clause) or len(clause.split()) > 3 else Newest()
