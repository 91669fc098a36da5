"""What belongs under a mask: another object, the bare floor, or what was there; draws no noise and trains nothing."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from visgate_export.pocket.captions import caption, noun
from visgate_export.pocket.changed_scenes import bare, other_object, with_object, without_object
from visgate_export.pocket.inpainting.masks import (
    Box,
    box_around,
    box_of,
    random_shape,
    rough_outline,
    square_around,
)
from visgate_export.pocket.lessons import Lesson
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Combination, PlacedObject, Scene, scenes

_TEXTS = 4
_REPLACED, _REMOVED = 0.4, 0.3
"""Shares of lessons; the others have masks that know nothing of objects."""
_OUTLINED = 0.7
"""Of objects to be removed, how many have a mask in their shape; the others have a box."""
_NOTHING_ASKED = 0.3
"""Of those others, how many ask for the background only."""
_BARE = 0.3
"""Of those others, how many have nothing in them but the floor."""
_HIDDEN = 0.85
"""An object of which the mask leaves less than the rest of this to be seen is taken to be gone."""
_SMALLEST, _LARGEST = 20, 47
"""Sides of new objects in pixels: about those of scenes."""
_EMPTY = ("", "", "background", "background", "empty background", "the background", "nothing", "plain background")
_EMPTY_OF_COLOUR = ("{colour} background", "a {colour} background", "an empty {colour} background", "plain {colour}")

BoolArray = npt.NDArray[np.bool_]


def inpainting_lessons(renderer: SceneRenderer, seed: int) -> Iterator[Lesson]:
    """Lessons for ever, of scenes that are not held out, before and after; the same seed gives the same."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed):
        kind = random.random()
        if kind < _REPLACED:
            lesson = _replaced(renderer, scene, random)
        elif kind < _REPLACED + _REMOVED:
            lesson = _removed(renderer, scene, random)
        else:
            lesson = _shaped(renderer, scene, random)
        if lesson is not None:
            yield lesson


def replacement_in(box: Box, name: str, margin: int) -> PlacedObject:
    """The object of that name in the middle of a box, `margin` pixels smaller than it, inside the picture."""
    side = max(_SMALLEST, min(_LARGEST, min(box.width, box.height) - margin))
    left, top = (box.left + box.right - side) // 2, (box.top + box.bottom - side) // 2
    return PlacedObject(name, max(0, min(left, SIDE - side)), max(0, min(top, SIDE - side)), side)


def _replaced(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    rendering, index = renderer.render(scene), int(random.integers(len(scene.objects)))
    visible = rendering.masks[index]
    if not visible.any():
        return None
    mask = _replacing_mask(visible, random)
    new = replacement_in(box_of(mask), other_object(scene, random), int(random.integers(1, 8)))
    after = with_object(scene, index, new)
    if after.combination.held_out:
        return None
    alone = Combination((new.name,), "centre", scene.combination.background)
    texts = tuple(
        noun(new.name, lambda options: str(random.choice(options)), plain=False)
        if (kind := random.random()) < 0.6
        else caption(after.combination if kind < 0.8 else alone, random, omit=0.5).text
        for _ in range(_TEXTS)
    )
    return _lesson(rendering.picture, renderer.picture(after), mask, texts)


def _replacing_mask(visible: BoolArray, random: np.random.Generator) -> BoolArray:
    box, kind = box_of(visible), random.random()
    if kind < 0.6 or min(box.width, box.height) < 0.6 * max(box.width, box.height):
        return square_around(box, random).mask(SIDE)
    if kind < 0.75:
        return box_around(box, random).mask(SIDE)
    return rough_outline(visible, random, least_grown=3)


def _removed(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    rendering, index = renderer.render(scene), int(random.integers(len(scene.objects)))
    visible, after = rendering.masks[index], without_object(scene, index)
    if not visible.any() or (after.objects and after.combination.held_out):
        return None
    is_outlined = random.random() < _OUTLINED
    mask = rough_outline(visible, random) if is_outlined else box_around(box_of(visible), random).mask(SIDE)
    texts = [_empty_text(after, random) for _ in range(_TEXTS)]
    if after.objects:
        texts[0] = caption(after.combination, random, omit=0.2).text
    return _lesson(rendering.picture, renderer.picture(after), mask, tuple(texts))


def _shaped(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> Lesson | None:
    if random.random() < 0.3:
        scene = _shaded(scene, random)
    if random.random() < _BARE:
        scene = bare(scene)
    rendering, mask = renderer.render(scene), random_shape(SIDE, random)
    hidden = [bool(visible.any()) and (visible & mask).sum() > _HIDDEN * visible.sum() for visible in rendering.masks]
    if random.random() < _NOTHING_ASKED or not any(hidden):
        after = scene
        for index in reversed(range(len(scene.objects))):
            if hidden[index]:
                after = without_object(after, index)
        texts = tuple(_empty_text(after, random) for _ in range(_TEXTS))
        if after.objects:
            texts = (*texts[1:], caption(after.combination, random, omit=0.2).text)
        return _lesson(rendering.picture, renderer.picture(after), mask, texts)
    texts = tuple(caption(scene.combination, random, omit=0.2).text for _ in range(_TEXTS))
    if sum(hidden) == 1:
        name = scene.combination.objects[hidden.index(True)]
        texts = (*texts[1:], noun(name, lambda options: str(random.choice(options)), plain=False))
    return _lesson(rendering.picture, rendering.picture, mask, texts)


def _shaded(scene: Scene, random: np.random.Generator) -> Scene:
    """The scene lighter or darker, as the floor is farther down or up where a picture is extended."""
    factor = float(random.uniform(0.78, 1.2))
    red, green, blue = (min(255, round(factor * level)) for level in scene.background_rgb)
    return replace(scene, background_rgb=(red, green, blue))


def _empty_text(after: Scene, random: np.random.Generator) -> str:
    if random.random() < 0.2:
        return str(random.choice(_EMPTY_OF_COLOUR)).format(colour=after.combination.background)
    return str(random.choice(_EMPTY))


def _lesson(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], mask: BoolArray, texts: tuple[str, ...]
) -> Lesson:
    """What lies outside the mask stays, even if it is a part of what is gone that a rough mask left out."""
    return Lesson(before, np.where(mask[..., None], after, before), texts, mask)
