"""Texts that look for something in a scene, and what they mean there; draws nothing.

A text may name an object in many ways, say where it stands, mean several objects, or something that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visgate_export.pocket.finding.words import ABSENT, ADJECTIVES, BACKGROUND, EVERYTHING, KINDS
from visgate_export.pocket.objects import OBJECT_NAMES, object_named
from visgate_export.pocket.scenes import Combination

_OPENINGS = (
    *("{what}",) * 10,
    "find {what}",
    "where is {what}",
    "{what} in the picture",
    "{what}.",
    "a picture of {what}",
)
_PLACES = {
    "left": ("{what} on the left", "{what} at the left", "{what} on the left side", "left {what}"),
    "right": ("{what} on the right", "{what} at the right", "{what} on the right side", "right {what}"),
    "top": ("{what} at the top", "{what} above", "upper {what}"),
    "bottom": ("{what} at the bottom", "{what} below", "lower {what}"),
    "centre": ("{what} in the middle", "{what} in the centre"),
}
_BESIDE = {
    "left of": (("{what} left of {other}", "{what} to the left of {other}"), ("{what} right of {other}",)),
    "above": (("{what} above {other}", "{what} over {other}"), ("{what} below {other}", "{what} under {other}")),
}
_PLACES_OF_PAIR = {"left of": ("left", "right"), "above": ("top", "bottom")}
# A dancer is a person too: whether "person" means her, the training leaves open.
_NEITHER_ABSENT_NOR_PRESENT = {"dancer": "person"}


@dataclass(frozen=True)
class Query:
    """A text and what it means in a scene.

    Attributes:
        objects: which of the scene's objects, by place in their order.
        background: whether it means what is no object instead.
        names: the kinds of object that the words mean, whatever the scene shows.
    """

    text: str
    objects: tuple[int, ...] = ()
    background: bool = False
    names: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether the scene has it."""
        return self.background or bool(self.objects)


class QueryWriter:
    """Writes texts for scenes, chosen by chance."""

    def __init__(self, random: np.random.Generator, absent_words: Sequence[str] = ABSENT) -> None:
        """Prepares.

        Args:
            random: where chance comes from.
            absent_words: things that no scene has.
        """
        self._random = random
        self._absent_words = absent_words

    def present(self, combination: Combination, index: int) -> Query:
        """Asks for the object at `index` of the combination's."""
        name = combination.objects[index]
        what = self._noun(name)
        chance = self._random.random()
        if chance < 0.2:
            what = self._choose(_PLACES[_place(combination, index)]).format(what=what)
        elif chance < 0.3 and len(combination.objects) == 2:
            beside = _BESIDE[combination.arrangement][index]
            what = self._choose(beside).format(what=what, other=self._noun(combination.objects[1 - index]))
        return Query(self._opened(what), (index,), names=(name,))

    def collective(self, combination: Combination) -> Query:
        """Asks for a kind of object, for everything, or for the background."""
        chance = self._random.random()
        if chance < 0.25:
            return Query(self._choose(EVERYTHING), tuple(range(len(combination.objects))), names=OBJECT_NAMES)
        if chance < 0.4:
            return Query(self._choose(BACKGROUND), background=True)
        kind = self._choose(tuple(KINDS))
        members = KINDS[kind]
        meant = tuple(index for index, name in enumerate(combination.objects) if name in members)
        return Query(self._opened(self._with_article(kind)), meant, names=members)

    def absent(self, combination: Combination) -> Query:
        """Asks for something that the scene does not have."""
        chance = self._random.random()
        if chance < 0.6:
            name = self._other_name(combination)
            what, names = self._noun(name), (name,)
            if self._random.random() < 0.25:
                place = self._choose(tuple(_PLACES))
                what = self._choose(_PLACES[place]).format(what=what)
            elif self._random.random() < 0.2:
                other = self._noun(self._choose(combination.objects))
                relation = self._choose(tuple(_BESIDE))
                what = self._choose(_BESIDE[relation][0]).format(what=what, other=other)
            return Query(self._opened(what), names=names)
        word = self._choose(self._absent_words) if chance < 0.85 else self._made_up()
        return Query(self._opened(self._with_article(word)))

    def _other_name(self, combination: Combination) -> str:
        excluded = {*combination.objects, *(_NEITHER_ABSENT_NOR_PRESENT.get(name, "") for name in combination.objects)}
        return self._choose([name for name in OBJECT_NAMES if name not in excluded])

    def _noun(self, name: str) -> str:
        words = object_named(name).words
        return self._with_article(self._choose((words[0], *words)))

    def _with_article(self, word: str) -> str:
        if self._random.random() < 0.08:
            word = f"{self._choose(ADJECTIVES)} {word}"
        chance = self._random.random()
        if chance < 0.45:
            return word
        return f"the {word}" if chance < 0.8 else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"

    def _opened(self, what: str) -> str:
        return self._choose(_OPENINGS).format(what=what)

    def _made_up(self) -> str:
        """A word that means nothing."""
        count = int(self._random.integers(2, 5))
        return "".join(self._choose("bcdfghjklmnprstvwz") + self._choose("aeiou") for _ in range(count)) + self._choose(
            ("", "", "n", "r", "s", "t", "k", "l")
        )

    def _choose(self, options: Sequence[str]) -> str:
        return str(options[int(self._random.integers(len(options)))])


def _place(combination: Combination, index: int) -> str:
    pair = _PLACES_OF_PAIR.get(combination.arrangement)
    return combination.arrangement if pair is None else pair[index]
