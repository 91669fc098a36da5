"""Changes one thing about a scene, an object or the background, and leaves everything else; draws nothing."""

from dataclasses import replace

import numpy as np

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.scenes import Combination, PlacedObject, Scene

_PLACE_ALONE = {"left of": ("left", "right"), "above": ("top", "bottom")}
"""Where each of two objects stands once the other is gone."""


def other_object(scene: Scene, random: np.random.Generator) -> str:
    """The name of an object that the scene does not show."""
    return str(random.choice([name for name in OBJECT_NAMES if name not in scene.combination.objects]))


def other_colour(scene: Scene, random: np.random.Generator) -> str:
    """The name of a colour that the background does not have."""
    return str(random.choice([name for name in COLOURS if name != scene.combination.background]))


def with_object(scene: Scene, index: int, placed: PlacedObject) -> Scene:
    """The scene with `placed` instead of its object number `index`."""
    objects, names = list(scene.objects), list(scene.combination.objects)
    objects[index], names[index] = placed, placed.name
    return replace(scene, combination=replace(scene.combination, objects=tuple(names)), objects=tuple(objects))


def without_object(scene: Scene, index: int) -> Scene:
    """The scene without its object number `index`; of a single object, the bare floor remains."""
    remaining = tuple(placed for number, placed in enumerate(scene.objects) if number != index)
    arrangement = scene.combination.arrangement
    if remaining:
        arrangement = _PLACE_ALONE[arrangement][1 - index]
    names = tuple(placed.name for placed in remaining)
    return replace(scene, combination=Combination(names, arrangement, scene.combination.background), objects=remaining)


def bare(scene: Scene) -> Scene:
    """The floor of the scene without its objects."""
    for index in reversed(range(len(scene.objects))):
        scene = without_object(scene, index)
    return scene


def with_background(scene: Scene, colour: str) -> Scene:
    """The scene on another colour, as much lighter or darker than usual as it was before."""
    shade = np.array(scene.background_rgb) - COLOURS[scene.combination.background]
    red, green, blue = np.clip(shade + COLOURS[colour], 0, 255)
    return replace(
        scene,
        combination=replace(scene.combination, background=colour),
        background_rgb=(int(red), int(green), int(blue)),
    )
