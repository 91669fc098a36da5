"""Asks questions about scenes and knows their answers, from what the scene is made of; sees no pictures.

Everything asked is about what a combination says: which objects there are, how they stand, before which background;
and what colour an object has, which is the same in every scene.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from visgate_export.pocket.language.plain_captions import PLACE_WORDS, with_article
from visgate_export.pocket.language.question_wordings import COURTESIES, PARTS, SIDES, TRAINING, QuestionWordings
from visgate_export.pocket.objects import COLOUR_WORDS, COLOURS, OBJECT_NAMES, object_named
from visgate_export.pocket.scenes import PLACES, Combination

NOTHING, NOWHERE, YES, NO = "nothing", "not in the picture", "yes", "no"

OWN_COLOURS: Mapping[str, str] = {
    "cat": "yellow", "dog": "brown", "fish": "blue", "bird": "blue", "butterfly": "orange", "turtle": "green",
    "apple": "red", "banana": "yellow", "strawberry": "red", "grapes": "purple", "mushroom": "red and white",
    "pizza": "orange", "tree": "green", "tulip": "pink", "sunflower": "yellow", "cactus": "green", "rose": "red",
    "star": "yellow", "moon": "yellow", "sun": "yellow", "heart": "red", "soccer ball": "black and white",
    "cup": "white", "book": "blue", "clock": "red", "key": "golden", "umbrella": "blue", "guitar": "red",
    "balloon": "red", "gift": "red and orange", "light bulb": "yellow", "car": "red", "bus": "blue", "house": "white",
    "airplane": "blue", "rocket": "red and blue", "boat": "red", "sofa": "blue", "chair": "brown",
    "person": "orange", "dancer": "red", "snowman": "white",
}  # fmt: skip
"""The colour in which each object's picture is drawn."""

UNKNOWN_THINGS = ("zebra", "violin", "spoon", "tractor")
"""Things that no scene has; to the vocabulary they are all one unknown word."""

_SHORTENED = 0.1
_PLURALS = {
    "fish": "fish",
    "butterfly": "butterflies",
    "strawberry": "strawberries",
    "grapes": "grapes",
    "cactus": "cacti",
    "person": "people",
}
_OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
_PARTS_OF_PAIR = {"left of": ("left", "right"), "above": ("top", "bottom")}


class Topic(Enum):
    """What a question is about."""

    WHAT = "what"
    BESIDE = "what is beside"
    BACKGROUND = "background colour"
    WHERE = "where"
    HOW_MANY = "how many"
    YES_OR_NO = "yes or no"
    OWN_COLOUR = "an object's colour"


@dataclass(frozen=True)
class Question:
    """A question about a picture, and the answer that is right."""

    text: str
    answer: str
    topic: Topic


def ask(combination: Combination, random: np.random.Generator, wordings: QuestionWordings = TRAINING) -> Question:
    """Asks something about a scene, of each topic equally often but for yes or no, which is asked twice as often.

    Args:
        combination: what the scene shows; none, one or two objects.
        random: chooses topic and wording.
        wordings: what to choose from.
    """
    asker = _Asker(combination, random, wordings)
    topic = _TOPICS[int(random.integers(len(_TOPICS)))]
    text, answer = _BY_TOPIC[topic](asker)
    text = asker.choose(COURTESIES).format(question=text).replace("a orange", "an orange")
    if asker.chance(_SHORTENED):
        text = text.replace("what is", "what's", 1).replace("where is", "where's", 1)
    return Question(text, answer, topic)


def plural(name: str) -> str:
    """Several of an object."""
    return _PLURALS.get(name, f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s")


@dataclass(frozen=True)
class _Asker:
    """Chooses words, and knows what is where."""

    shown: Combination
    random: np.random.Generator
    wordings: QuestionWordings

    def choose(self, options: Sequence[str]) -> str:
        return options[int(self.random.integers(len(options)))]

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def some_object(self, *, present: float) -> str:
        """An object that is there with a chance of `present`, if there is any."""
        if self.shown.objects and self.chance(present):
            return self.choose(self.shown.objects)
        if self.chance(0.15):
            return self.choose(UNKNOWN_THINGS)
        return self.choose([name for name in OBJECT_NAMES if name not in self.shown.objects])

    def words(self, name: str) -> str:
        if name in UNKNOWN_THINGS:
            return name
        known = object_named(name).words
        return self.choose((known[0], known[0], known[0], *known))

    def the(self, name: str) -> str:
        word = self.words(name)
        return self.choose((f"the {word}", f"the {word}", f"the {word}", f"the {word}", word))

    def one(self, name: str) -> str:
        return with_article(self.words(name))

    def part_of(self, name: str) -> str:
        """In which part of the picture an object is that is there."""
        if len(self.shown.objects) == 1:
            return self.shown.arrangement
        return _PARTS_OF_PAIR[self.shown.arrangement][self.shown.objects.index(name)]

    def in_part(self, part: str) -> str | None:
        """The object in a part of the picture."""
        return next((name for name in self.shown.objects if self.part_of(name) == part), None)

    def beside(self, name: str, side: str) -> str | None:
        """The object that stands `side` ("left of") the object `name`."""
        if name not in self.shown.objects or len(self.shown.objects) < 2:
            return None
        first, second = self.shown.objects
        if name == second and side == self.shown.arrangement:
            return first
        return second if name == first and side == _OPPOSITE[self.shown.arrangement] else None

    def likely_side(self) -> str:
        """Mostly a side on the axis along which the objects stand: the others are easily told."""
        arrangement = self.shown.arrangement
        if arrangement in _OPPOSITE and self.chance(0.75):
            return self.choose((arrangement, _OPPOSITE[arrangement]))
        return self.choose(tuple(SIDES))


_Asked = tuple[str, str]


def _what(asker: _Asker) -> _Asked:
    named = [with_article(name) for name in asker.shown.objects]
    return asker.choose(asker.wordings.what), " and ".join(named) or NOTHING


def _beside(asker: _Asker) -> _Asked:
    kind = asker.random.random()
    if kind < 0.2:
        part = asker.choose(PLACES)
        if asker.shown.objects and asker.chance(0.6):
            part = asker.part_of(asker.choose(asker.shown.objects))
        return asker.choose(asker.wordings.part).format(part=asker.choose(PARTS[part])), _named(asker.in_part(part))
    name = asker.some_object(present=0.9)
    if kind < 0.35:
        others = [other for other in asker.shown.objects if other != name]
        answer = _named(others[0] if name in asker.shown.objects and others else None)
        return asker.choose(asker.wordings.other).format(x=asker.the(name)), answer
    side = asker.likely_side()
    if name in asker.shown.objects and len(asker.shown.objects) == 2 and asker.chance(0.5):
        is_second = name == asker.shown.objects[1]
        side = asker.shown.arrangement if is_second else _OPPOSITE[asker.shown.arrangement]
    text = asker.choose(asker.wordings.beside).format(side=asker.choose(SIDES[side]), x=asker.the(name))
    return text, _named(asker.beside(name, side))


def _background(asker: _Asker) -> _Asked:
    text = asker.choose(asker.wordings.background).format(x=asker.the(asker.some_object(present=1.0)))
    return text, asker.shown.background


def _where(asker: _Asker) -> _Asked:
    name = asker.some_object(present=0.85)
    text = asker.choose(asker.wordings.where).format(x=asker.the(name))
    if name not in asker.shown.objects:
        return text, NOWHERE
    if len(asker.shown.objects) == 1:
        return text, PLACE_WORDS[asker.shown.arrangement]
    first, second = asker.shown.objects
    if name == first:
        return text, f"{asker.shown.arrangement} the {second}"
    return text, f"{_OPPOSITE[asker.shown.arrangement]} the {first}"


def _how_many(asker: _Asker) -> _Asked:
    if asker.chance(0.6):
        return asker.choose(asker.wordings.how_many), str(len(asker.shown.objects))
    name = asker.some_object(present=0.5)
    return asker.choose(asker.wordings.how_many_of).format(many=plural(name)), str(asker.shown.objects.count(name))


def _yes_or_no(asker: _Asker) -> _Asked:
    kind = asker.random.random()
    if kind < 0.35:
        return _present(asker)
    if kind < 0.8:
        return _is_placed(asker)
    colour = asker.shown.background if asker.chance(0.5) else asker.choose(tuple(COLOURS))
    text = asker.choose(asker.wordings.is_colour).format(
        colour=asker.choose(COLOUR_WORDS[colour]), x=asker.the(asker.some_object(present=1.0))
    )
    return text, _yes(colour == asker.shown.background)


def _present(asker: _Asker) -> _Asked:
    name = asker.some_object(present=0.5)
    if asker.chance(0.8):
        text = asker.choose(asker.wordings.present).format(a=asker.one(name), many=plural(name))
        return text, _yes(name in asker.shown.objects)
    other = asker.some_object(present=0.8)
    if len(asker.shown.objects) == 2 and asker.chance(0.4):
        name, other = (asker.shown.objects, asker.shown.objects[::-1])[asker.chance(0.5)]
    text = asker.choose(asker.wordings.both_present).format(a=asker.one(name), b=asker.one(other))
    return text, _yes(name in asker.shown.objects and other in asker.shown.objects)


def _is_placed(asker: _Asker) -> _Asked:
    if len(asker.shown.objects) == 2 and asker.chance(0.75):
        name, other = asker.shown.objects if asker.chance(0.5) else asker.shown.objects[::-1]
        if asker.chance(0.15):
            name = asker.some_object(present=0.0)
        side = asker.likely_side()
        text = asker.choose(asker.wordings.is_beside).format(
            x=asker.the(name), y=asker.the(other), a=asker.one(name), b=asker.one(other), side=asker.choose(SIDES[side])
        )
        return text, _yes(asker.beside(other, side) == name)
    name = asker.some_object(present=0.85)
    part = asker.choose(PLACES)
    if name in asker.shown.objects and asker.chance(0.45):
        part = asker.part_of(name)
    text = asker.choose(asker.wordings.is_in_part).format(
        x=asker.the(name), a=asker.one(name), part=asker.choose(PARTS[part])
    )
    return text, _yes(name in asker.shown.objects and asker.part_of(name) == part)


def _own_colour(asker: _Asker) -> _Asked:
    name = asker.some_object(present=0.85)
    text = asker.choose(asker.wordings.own_colour).format(x=asker.the(name))
    return text, OWN_COLOURS[name] if name in asker.shown.objects else NOWHERE


def _named(name: str | None) -> str:
    return NOTHING if name is None else with_article(name)


def _yes(true: bool) -> str:
    return YES if true else NO


_BY_TOPIC: Mapping[Topic, Callable[[_Asker], _Asked]] = {
    Topic.WHAT: _what,
    Topic.BESIDE: _beside,
    Topic.BACKGROUND: _background,
    Topic.WHERE: _where,
    Topic.HOW_MANY: _how_many,
    Topic.YES_OR_NO: _yes_or_no,
    Topic.OWN_COLOUR: _own_colour,
}
_TOPICS = (*Topic, Topic.YES_OR_NO)
