"""How well segment_image tells the single things of a scene apart: one part a thing, where it is, with its name.

In held-out scenes two things are of two kinds, and hardly ever touch. Scenes with two of one kind, which no network
was trained on at all, are the harder question: once they lie apart, and once one covers some of the other, where what
hangs together in a class map cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.dense_scenes import TrueScene
from benchmarks.tool_quality.in_process import ToolAnswer, ask
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.palette import CLASS_NAMES
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import RELATIONS, SIDE, Combination, PlacedObject, Scene, place
from visgate_export.pocket.sprites import read_sprites

LEAST_OVERLAP = 0.8
"""IoU with the thing's true mask that its part has to have."""

_TOOL = "segment_image"
_EACH = f"scenes by parts: every thing is one part, with its name and IoU ≥ {LEAST_OVERLAP}, and there is no other"
_DRAWN = "the same by parts of drawings, enlarged four times"
_DRAWN_NAMES = "drawings by parts: as many parts as things, with their names"
_APART = "the same of two things of one kind that lie apart"
_COVERED = "the same of two things of one kind of which one covers some of the other"


@dataclass(frozen=True)
class _Thing:
    """What is to be found: its name, and where it can be seen, bool [64, 64]."""

    name: str
    mask: NDArray[np.bool_]


def measure_parts(rendered: Sequence[TrueScene], drawn: Sequence[TrueScene], seed: int) -> list[Measured]:
    """Shares of scenes in which just the things that there are were found."""
    random, renderer = np.random.default_rng(seed), SceneRenderer(read_sprites())
    twins = [_told_apart_in(_twins(random), renderer) for _ in rendered]
    covered = [_told_apart_in(_covered_twins(random), renderer) for _ in rendered]
    return [
        mean_of(_TOOL, _EACH, [_told_apart(scene.picture, _things(scene)) for scene in rendered]),
        mean_of(_TOOL, _DRAWN, [_told_apart(scene.picture, _things(scene)) for scene in drawn]),
        mean_of(_TOOL, _DRAWN_NAMES, [_told_apart(scene.picture, _things(scene), 0.0) for scene in drawn]),
        mean_of(_TOOL, _APART, twins),
        mean_of(_TOOL, _COVERED, covered),
    ]


def _told_apart_in(scene: Scene, renderer: SceneRenderer) -> bool:
    rendering = renderer.render(scene)
    things = [_Thing(placed.name, mask) for placed, mask in zip(scene.objects, rendering.masks, strict=True)]
    return _told_apart(rendering.picture, things)


def _told_apart(picture: NDArray[np.uint8], things: Sequence[_Thing], least: float = LEAST_OVERLAP) -> bool:
    """Whether the parts are the things, each with its name and at least that overlap."""
    answer = ask(_TOOL, image=picture, divide_by="part")
    return len(answer.data["parts"]) == len(things) and all(_best(thing, answer) >= least for thing in things)


def _best(thing: _Thing, answer: ToolAnswer) -> float:
    """The IoU of the part of that name that is nearest to the thing; −1 where none has the name."""
    colours = cv2.resize(answer.pictures["PICTURE"], (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    found = [(colours == part["colour"]).all(axis=2) for part in answer.data["parts"] if part["label"] == thing.name]
    return max(((mask & thing.mask).sum() / (mask | thing.mask).sum() for mask in found), default=-1.0)


def _things(scene: TrueScene) -> list[_Thing]:
    """The things of a scene in which no two are of one kind."""
    return [_Thing(CLASS_NAMES[number], scene.classes == number) for number in np.unique(scene.classes) if number]


def _twins(random: np.random.Generator) -> Scene:
    """Two of one kind beside or above each other, as scenes have two things."""
    return place(_of_one_kind(random), random)


def _covered_twins(random: np.random.Generator) -> Scene:
    """The same, so near that their squares share a quarter to a half of their side."""
    combination, side = _of_one_kind(random), int(random.integers(24, 31))
    apart = round(side * float(random.uniform(0.5, 0.75)))
    left, top = (SIDE - side - apart) // 2, (SIDE - side) // 2
    places = [(left, top), (left + apart, top)]
    if combination.arrangement == RELATIONS[1]:
        places = [(across, down) for down, across in places]
    things = tuple(PlacedObject(name, *where, side) for name, where in zip(combination.objects, places, strict=True))
    return Scene(combination, things, COLOURS[combination.background])


def _of_one_kind(random: np.random.Generator) -> Combination:
    name, relation, background = (str(random.choice(words)) for words in (OBJECT_NAMES, RELATIONS, tuple(COLOURS)))
    return Combination((name, name), relation, background)
