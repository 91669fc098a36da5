"""Words for scenes: says in many ways what a combination shows; draws nothing.

A caption may leave things out (the background, or how two objects stand to each other). `Caption.said` tells what a
reader can know from it. `HELD_OUT` wordings are kept from training, to see whether wordings never read are understood.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visgate_export.pocket.objects import COLOUR_WORDS, object_named
from visgate_export.pocket.scenes import Combination

OMITTED_SHARE = 0.08
"""Of training captions, how many leave the background out, and how many how two objects stand."""

Choose = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Said:
    """What a caption says of a combination; None where it leaves it open."""

    objects: tuple[str, ...]
    """As in the combination: where two are told apart by where they stand, the one left or above comes first."""
    arrangement: str | None
    background: str | None


@dataclass(frozen=True)
class Caption:
    """A sentence about a scene."""

    text: str
    said: Said


@dataclass(frozen=True)
class Wordings:
    """The sentence parts that captions are put together from; {first}, {second}, {one}, {colour} are filled in."""

    left_of: tuple[str, ...]
    above: tuple[str, ...]
    places: dict[str, tuple[str, ...]]
    backgrounds: tuple[str, ...]
    openings: tuple[str, ...]


TRAINING = Wordings(
    left_of=(
        "{first} left of {second}",
        "{first} to the left of {second}",
        "{first} on the left of {second}",
        "{first} on the left side of {second}",
        "{second} right of {first}",
        "{second} to the right of {first}",
        "{second} on the right of {first}",
        "{first} on the left and {second} on the right",
        "{second} on the right and {first} on the left",
        "{first} with {second} to its right",
        "{second} with {first} to its left",
        "{first} with {second} on its right",
        "{second} with {first} on its left",
        "{first} and to its right {second}",
        "{second} and to its left {first}",
        "{first} at the left, {second} at the right",
        "left of {second} there is {first}",
        "right of {first} there is {second}",
        "to the left of {second} is {first}",
        "to the right of {first} is {second}",
        "on the left {first}, on the right {second}",
        "on the right {second}, on the left {first}",
    ),
    above=(
        "{first} above {second}",
        "{first} over {second}",
        "{first} on top of {second}",
        "{second} below {first}",
        "{second} under {first}",
        "{second} beneath {first}",
        "{second} underneath {first}",
        "{first} at the top and {second} at the bottom",
        "{second} at the bottom and {first} at the top",
        "{first} with {second} below it",
        "{second} with {first} above it",
        "{first} with {second} under it",
        "{second} with {first} over it",
        "{first} and below it {second}",
        "{second} and above it {first}",
        "above {second} there is {first}",
        "below {first} there is {second}",
        "over {second} is {first}",
        "under {first} is {second}",
        "at the top {first}, at the bottom {second}",
        "at the bottom {second}, at the top {first}",
    ),
    places={
        "centre": (
            "{one}",
            "{one}",
            "{one}",
            "{one} in the middle",
            "{one} in the centre",
            "a big {bare}",
            "a large {bare}",
        ),
        "left": ("{one} on the left", "{one} at the left", "{one} on the left side", "on the left {one}"),
        "right": ("{one} on the right", "{one} at the right", "{one} on the right side", "on the right {one}"),
        "top": ("{one} at the top", "{one} near the top", "at the top {one}", "{one} high up"),
        "bottom": ("{one} at the bottom", "{one} near the bottom", "at the bottom {one}", "{one} low down"),
    },
    backgrounds=(
        "{scene} on a {colour} background",
        "{scene} on a {colour} background",
        "{scene} on a {colour} background",
        "{scene} on {colour}",
        "{scene}, {colour} background",
        "{scene} in front of a {colour} background",
        "{scene} against a {colour} background",
        "{scene} with a {colour} background",
        "{scene}, the background is {colour}",
        "{scene} on plain {colour}",
        "{scene} before a {colour} wall",
        "on a {colour} background, {scene}",
        "on {colour}: {scene}",
        "{colour} background, {scene}",
        "against a {colour} background {scene}",
    ),
    openings=(
        *("{scene}",) * 8,
        "{scene}.",
        "a picture of {scene}",
        "a picture with {scene}",
        "an image of {scene}",
        "a drawing of {scene}",
        "an illustration of {scene}",
        "a photo of {scene}",
        "a scene with {scene}",
        "draw {scene}",
        "please draw {scene}",
        "paint {scene}",
        "there is {scene}",
        "show me {scene}",
        "i want to see {scene}",
    ),
)

HELD_OUT = Wordings(
    left_of=(
        "{first} just left of {second}",
        "{first} standing to the left of {second}",
        "{second} to the right, {first} to the left",
        "{second} placed right of {first}",
    ),
    above=(
        "{first} placed above {second}",
        "{second} right below {first}",
        "{first} up above {second}",
        "{second} standing under {first}",
    ),
    places={
        "centre": ("one big {bare}", "just {one}", "{one} right in the middle"),
        "left": ("{one} over on the left", "{one} to the left"),
        "right": ("{one} over on the right", "{one} to the right"),
        "top": ("{one} up at the top", "{one} at the very top"),
        "bottom": ("{one} down at the bottom", "{one} at the very bottom"),
    },
    backgrounds=(
        "{scene}, all on a {colour} background",
        "{scene} and the background {colour}",
        "{scene} over {colour}",
    ),
    openings=("{scene}", "could you draw {scene}", "a nice picture showing {scene}", "i would like {scene}"),
)

PLAIN = Wordings(
    left_of=("{first} left of {second}", "{second} right of {first}"),
    above=("{first} above {second}", "{second} below {first}"),
    places={
        "centre": ("{one}",),
        "left": ("{one} on the left",),
        "right": ("{one} on the right",),
        "top": ("{one} at the top",),
        "bottom": ("{one} at the bottom",),
    },
    backgrounds=("{scene} on a {colour} background",),
    openings=("{scene}",),
)
"""The simplest ways to say it, as in "a cat left of an apple on a blue background"."""


def caption(
    combination: Combination,
    random: np.random.Generator,
    wordings: Wordings = TRAINING,
    *,
    plain_names: bool = False,
    omit: float = 0.0,
) -> Caption:
    """Puts a combination into words.

    Args:
        combination: what to say.
        random: chooses among the wordings.
        wordings: what to choose from.
        plain_names: calls every object and colour by its commonest name.
        omit: the chance, 0–1, that the background is left out, and that how two objects stand is.
    """

    def choose(options: Sequence[str]) -> str:
        return options[int(random.integers(len(options)))]

    names = [noun(name, choose, plain_names) for name in combination.objects]
    arrangement: str | None = combination.arrangement
    if len(names) == 1:
        (name,) = combination.objects
        scene = choose(wordings.places[combination.arrangement]).format(one=names[0], bare=name)
    elif random.random() < omit:
        scene, arrangement = choose(("{} and {}", "{} with {}", "{} next to {}", "{} beside {}")), None
        scene = scene.format(*random.permutation(names))
    else:
        relation = wordings.left_of if combination.arrangement == "left of" else wordings.above
        scene = choose(relation).format(first=names[0], second=names[1])
    background: str | None = combination.background
    if random.random() < omit:
        background = None
    else:
        words = COLOUR_WORDS[combination.background]
        colour = words[0] if plain_names else choose(words)
        scene = choose(wordings.backgrounds).format(scene=scene, colour=colour).replace("a orange", "an orange")
    text = choose(wordings.openings).format(scene=scene)
    return Caption(text, Said(combination.objects, arrangement, background))


def noun(name: str, choose: Choose, plain: bool) -> str:
    """What an object is called, as a rule with an article; `plain` always says the commonest."""
    words = object_named(name).words
    # The commonest word is said more often than its synonyms.
    word = words[0] if plain else choose((words[0], words[0], *words))
    if word == "grapes":
        return choose(("some grapes", "grapes"))
    indefinite = f"an {word}" if word[0] in "aeiou" else f"a {word}"
    return indefinite if plain else choose((indefinite, indefinite, indefinite, f"the {word}", f"one {word}", word))
