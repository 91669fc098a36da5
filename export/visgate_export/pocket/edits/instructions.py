"""Says in many ways what to change about a picture; changes none."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from visgate_export.pocket.captions import noun
from visgate_export.pocket.objects import COLOUR_WORDS, object_named

RECOLOUR = (
    "make the background {colour}",
    "make the background {colour}",
    "change the background to {colour}",
    "change the background to {colour}",
    "change the background colour to {colour}",
    "change the background color to {colour}",
    "change the colour of the background to {colour}",
    "change the color of the background to {colour}",
    "change the background into {colour}",
    "turn the background {colour}",
    "turn the background into {colour}",
    "turn the background to {colour}",
    "recolour the background {colour}",
    "recolor the background {colour}",
    "recolour the background to {colour}",
    "colour the background {colour}",
    "color the background {colour}",
    "paint the background {colour}",
    "paint the background in {colour}",
    "set the background to {colour}",
    "replace the background with {colour}",
    "replace the background with a {colour} one",
    "replace the background with a {colour} background",
    "make it a {colour} background",
    "make the background colour {colour}",
    "give it a {colour} background",
    "put it on a {colour} background",
    "on a {colour} background",
    "on a {colour} background instead",
    "with a {colour} background",
    "with a {colour} background instead",
    "the background should be {colour}",
    "let the background be {colour}",
    "{colour} background",
    "a {colour} background",
    "i want a {colour} background",
    "use a {colour} background",
    "make the wall {colour}",
    "paint the wall {colour}",
    "make the background of the picture {colour}",
    "give the picture a {colour} background",
    "make background {colour}",
    "change background to {colour}",
)
SWAP = (
    "turn {old} into {new}",
    "turn {old} into {new}",
    "replace {old} with {new}",
    "replace {old} with {new}",
    "replace {old} by {new}",
    "make {old} {new}",
    "make {old} into {new}",
    "change {old} to {new}",
    "change {old} into {new}",
    "swap {old} for {new}",
    "swap {old} with {new}",
    "exchange {old} for {new}",
    "transform {old} into {new}",
    "convert {old} into {new}",
    "substitute {new} for {old}",
    "{new} instead of {old}",
    "put {new} instead of {old}",
    "put {new} in place of {old}",
    "put {new} where {old} is",
    "use {new} instead of {old}",
    "i want {new} instead of {old}",
    "{old} should be {new}",
    "{old} becomes {new}",
    "let {old} become {new}",
)
SWAP_ONLY_ONE = ("turn it into {new}", "make it {new}", "change it to {new}", "change it into {new}", "{new} instead")
"""Where one object is in the picture, it need not be named."""
REMOVE = (
    "remove {old}",
    "remove {old}",
    "remove {old} from the picture",
    "delete {old}",
    "erase {old}",
    "take away {old}",
    "take {old} away",
    "take {old} out",
    "get rid of {old}",
    "make {old} disappear",
    "without {old}",
    "no {bare}",
)
STYLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cartoon": (
            "make it a cartoon",
            "make it a cartoon",
            "make it like a cartoon",
            "make it look like a cartoon",
            "turn it into a cartoon",
            "turn the picture into a cartoon",
            "turn this into a cartoon",
            "make this picture a cartoon",
            "make the image a cartoon",
            "as a cartoon",
            "cartoon style",
            "in cartoon style",
            "change it to a cartoon",
            "draw it as a cartoon",
            "make it a comic",
            "as a comic",
        ),
        "black and white": (
            "make it black and white",
            "make it black and white",
            "turn it black and white",
            "turn it into black and white",
            "turn the picture black and white",
            "make the image black and white",
            "in black and white",
            "as a black and white photo",
            "black and white",
            "make it monochrome",
            "make the picture grayscale",
            "take the colour out",
            "remove the colours",
        ),
        "pencil drawing": (
            "make it a pencil drawing",
            "make it a pencil drawing",
            "make it a pencil sketch",
            "turn it into a pencil drawing",
            "turn the picture into a pencil drawing",
            "turn it into a sketch",
            "make it look like a pencil drawing",
            "as a pencil drawing",
            "as a pencil sketch",
            "in pencil",
            "draw it with a pencil",
        ),
        "darker": (
            "make it darker",
            "make it darker",
            "make the picture darker",
            "make the image darker",
            "darken it",
            "darken the picture",
            "darker",
            "less bright",
            "make it less bright",
            "make it night",
            "as at night",
            "make it look like night",
            "at night",
            "turn it into night",
            "turn day into night",
            "make it a night scene",
        ),
    }
)
_ENDINGS = ("{}",) * 10 + ("{}.", "please {}", "{} please", "can you {}", "could you {}")


def recolour(colour: str, random: np.random.Generator) -> str:
    """Asks for another background.

    Args:
        colour: a key of `COLOURS`.
        random: chooses among the wordings.
    """
    text = _one(RECOLOUR, random).format(colour=_one(COLOUR_WORDS[colour], random))
    return _asked(text.replace("a orange", "an orange"), random)


def swap(old: str, new: str, random: np.random.Generator, *, alone: bool) -> str:
    """Asks for one object in the place of another.

    Args:
        old: the name of the object that is there.
        new: the name of the object to be.
        random: chooses among the wordings.
        alone: whether no other object is there, so that the old need not be named.
    """
    wanted = noun(new, lambda options: _one([word for word in options if not word.startswith("the ")], random), False)
    template = _one(SWAP_ONLY_ONE if alone and random.random() < 0.15 else SWAP, random)
    return _asked(template.format(old=_the(old, random), new=wanted), random)


def remove(old: str, random: np.random.Generator) -> str:
    """Asks for an object to be gone."""
    return _asked(_one(REMOVE, random).format(old=_the(old, random), bare=old), random)


def restyle(style: str, random: np.random.Generator) -> str:
    """Asks for another look.

    Args:
        style: a key of `STYLE`.
        random: chooses among the wordings.
    """
    return _asked(_one(STYLE[style], random), random)


def _the(name: str, random: np.random.Generator) -> str:
    word = _one((name, name, *object_named(name).words), random)
    return _one((f"the {word}",) * 5 + (word,), random)


def _asked(text: str, random: np.random.Generator) -> str:
    return _one(_ENDINGS, random).format(text)


def _one(options: Sequence[str], random: np.random.Generator) -> str:
    return options[int(random.integers(len(options)))]
