"""Holes in scenes that are held out before and after, and whether they are filled as asked; draws nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visgate_export.pocket.captions import noun
from visgate_export.pocket.changed_scenes import bare, with_object, without_object
from visgate_export.pocket.inpainting.inpainting_lessons import replacement_in
from visgate_export.pocket.inpainting.masks import box_of, random_shape, rough_outline, square_around
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.objects import OBJECT_NAMES
from visgate_export.pocket.quality import shows
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Combination, scenes

UInt8Array = npt.NDArray[np.uint8]

BACKGROUND = "background"
"""The prompt that fills a hole with what is around it."""
_MARGIN = 3
"""Pixels by which the replaced object's square is larger than it; where the new one stands in it is the network's own
affair."""


@dataclass(frozen=True, eq=False)
class InpaintTask:
    """A hole in a scene and what belongs there.

    Attributes:
        picture: of the scene, UINT8 [64, 64, 3].
        mask: what is drawn anew, bool [64, 64].
        text: the prompt.
        wanted: what should be seen afterwards.
        truth: the floor as it should look where it is asked for, UINT8 [64, 64, 3].
    """

    picture: UInt8Array
    mask: npt.NDArray[np.bool_]
    text: str
    wanted: Combination
    truth: UInt8Array


def replacing_tasks(renderer: SceneRenderer, seed: int) -> Iterator[InpaintTask]:
    """An object's square, and another object for it: what is seen before and after is held out."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True):
        rendering, index = renderer.render(scene), int(random.integers(len(scene.objects)))
        if not rendering.masks[index].any():
            continue
        mask = square_around(box_of(rendering.masks[index]), random).mask(SIDE)
        others = [name for name in OBJECT_NAMES if name not in scene.combination.objects]
        after = {name: with_object(scene, index, replacement_in(box_of(mask), name, _MARGIN)) for name in others}
        held_out = [name for name in others if after[name].combination.held_out]
        if held_out:
            name = str(random.choice(held_out))
            truth = renderer.picture(after[name])
            text = noun(name, lambda options: options[0], plain=True)
            yield InpaintTask(rendering.picture, mask, text, after[name].combination, truth)


def removing_tasks(renderer: SceneRenderer, seed: int) -> Iterator[InpaintTask]:
    """One of two objects, to be gone."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True, pairs=1.0):
        rendering, index = renderer.render(scene), int(random.integers(len(scene.objects)))
        if rendering.masks[index].any():
            mask = rough_outline(rendering.masks[index], random, least_grown=2)
            after = without_object(scene, index)
            yield InpaintTask(rendering.picture, mask, BACKGROUND, after.combination, renderer.picture(after))


def filling_tasks(renderer: SceneRenderer, seed: int) -> Iterator[InpaintTask]:
    """Rectangles, sides and frames of bare floors, as where a picture is extended."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True):
        empty = renderer.picture(bare(scene))
        yield InpaintTask(empty, random_shape(SIDE, random), BACKGROUND, scene.combination, empty)


def right_pictures(judge: Judge, tasks: Sequence[InpaintTask], pictures: UInt8Array) -> list[bool]:
    """Which pictures show what they should."""
    return [shows(verdict, task.wanted) for task, verdict in zip(tasks, judge.look(pictures), strict=True)]
