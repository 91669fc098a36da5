"""Says what a scene shows in the one plain way that the pocket captioner learns, and reads such a sentence back.

`visgate_export.pocket.captions` says the same in hundreds of ways, for networks that read; one that writes learns one.
"""

import re

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.scenes import PLACES, RELATIONS, Combination

PLACE_WORDS = {
    "centre": "in the middle",
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
}
"""Where a single object stands."""

_BACKGROUND = re.compile(rf"(?P<scene>.+) on an? (?P<colour>{'|'.join(COLOURS)}) background")
_EMPTY = re.compile(rf"an? (?P<colour>{'|'.join(COLOURS)}) background")


def with_article(name: str) -> str:
    """An object or colour as one says it of one: `a cat`, `an apple`, `some grapes`."""
    if name == "grapes":
        return "some grapes"
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def plain_caption(combination: Combination) -> str:
    """What a combination shows, for example "a cat left of an apple on a blue background".

    A combination without objects is its background.
    """
    background = f"{with_article(combination.background)} background"
    names = [with_article(name) for name in combination.objects]
    if not names:
        return background
    if len(names) == 1:
        return f"{names[0]} {PLACE_WORDS[combination.arrangement]} on {background}"
    return f"{names[0]} {combination.arrangement} {names[1]} on {background}"


def read_plain_caption(text: str) -> Combination | None:
    """The combination of which `text` is the plain caption; None if it is none's."""
    if empty := _EMPTY.fullmatch(text):
        return Combination((), PLACES[0], empty["colour"])
    said = _BACKGROUND.fullmatch(text)
    if said is None:
        return None
    for place, words in PLACE_WORDS.items():
        if said["scene"].endswith(f" {words}"):
            return _combination([said["scene"].removesuffix(f" {words}")], place, said["colour"])
    for relation in RELATIONS:
        first, found, second = said["scene"].partition(f" {relation} ")
        if found:
            return _combination([first, second], relation, said["colour"])
    return None


def _combination(named: list[str], arrangement: str, colour: str) -> Combination | None:
    names = [_NAMES[one] for one in named if one in _NAMES]
    return Combination(tuple(names), arrangement, colour) if len(names) == len(named) else None


_NAMES = {with_article(name): name for name in OBJECT_NAMES}
