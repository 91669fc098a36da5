"""Scenes before and after what an instruction asks for, with the instruction; draws no noise and trains nothing."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from visgate_export.pocket.changed_scenes import (
    other_colour,
    other_object,
    with_background,
    with_object,
    without_object,
)
from visgate_export.pocket.edits import instructions
from visgate_export.pocket.edits.styles import STYLES
from visgate_export.pocket.lessons import Lesson
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes

_TEXTS = 6
_RECOLOURED, _SWAPPED, _REMOVED = 0.12, 0.65, 0.13
"""Shares of lessons; the others change the style."""
_PAIRS = 0.6


def edit_lessons(renderer: SceneRenderer, seed: int) -> Iterator[Lesson]:
    """Lessons for ever; neither what is seen before nor after is held out; the same seed gives the same."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, pairs=_PAIRS):
        kind = random.random()
        if kind < _RECOLOURED:
            lesson = _recoloured(renderer, scene, random)
        elif kind < _RECOLOURED + _SWAPPED:
            lesson = _swapped(renderer, scene, random)
        elif kind < _RECOLOURED + _SWAPPED + _REMOVED:
            lesson = _removed(renderer, scene, random)
        else:
            lesson = _restyled(renderer, scene, random)
        if lesson is not None:
            yield lesson


def swapped(scene: Scene, index: int, name: str) -> Scene:
    """The scene with another object in the very square of its object number `index`."""
    return with_object(scene, index, replace(scene.objects[index], name=name))


def _recoloured(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    colour = other_colour(scene, random)
    texts = tuple(instructions.recolour(colour, random) for _ in range(_TEXTS))
    return _lesson(renderer, scene, with_background(scene, colour), texts)


def _swapped(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    index, new = int(random.integers(len(scene.objects))), other_object(scene, random)
    old, alone = scene.objects[index].name, len(scene.objects) == 1
    texts = tuple(instructions.swap(old, new, random, alone=alone) for _ in range(_TEXTS))
    return _lesson(renderer, scene, swapped(scene, index, new), texts)


def _removed(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    index = int(random.integers(len(scene.objects)))
    texts = tuple(instructions.remove(scene.objects[index].name, random) for _ in range(_TEXTS))
    return _lesson(renderer, scene, without_object(scene, index), texts)


def _restyled(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson:
    style = str(random.choice(list(STYLES)))
    before = renderer.picture(scene)
    return Lesson(before, STYLES[style](before), tuple(instructions.restyle(style, random) for _ in range(_TEXTS)))


def _lesson(renderer: SceneRenderer, scene: Scene, after: Scene, texts: tuple[str, ...]) -> Lesson | None:
    if after.objects and after.combination.held_out:
        return None
    return Lesson(renderer.picture(scene), renderer.picture(after), texts)
