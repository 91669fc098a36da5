"""Instructions about scenes that are held out before and after, and whether a picture follows them; draws none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from visgate_export.pocket.changed_scenes import with_background, without_object
from visgate_export.pocket.edits import instructions
from visgate_export.pocket.edits.edit_lessons import swapped
from visgate_export.pocket.edits.styles import STYLES
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.quality import shows
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, Scene, scenes

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class EditTask:
    """One instruction about one scene.

    Attributes:
        scene: before; held out.
        picture: of it, UINT8 [64, 64, 3].
        text: the instruction.
        wanted: what should be seen afterwards.
        truth: the scene as it should look afterwards, UINT8 [64, 64, 3].
    """

    scene: Scene
    picture: UInt8Array
    text: str
    wanted: Combination
    truth: UInt8Array


EditTasks = Callable[[SceneRenderer, int], Iterator[EditTask]]


def recolouring_tasks(renderer: SceneRenderer, seed: int) -> Iterator[EditTask]:
    """Other backgrounds, in the wordings of training."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True):
        colours = [name for name in COLOURS if name != scene.combination.background]
        held_out = [name for name in colours if with_background(scene, name).combination.held_out]
        if held_out:
            colour = str(random.choice(held_out))
            after = with_background(scene, colour)
            yield _task(renderer, scene, instructions.recolour(colour, random), after)


def swapping_tasks(renderer: SceneRenderer, seed: int) -> Iterator[EditTask]:
    """One object into another, in the wordings of training."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True):
        index = int(random.integers(len(scene.objects)))
        others = [name for name in OBJECT_NAMES if name not in scene.combination.objects]
        held_out = [name for name in others if swapped(scene, index, name).combination.held_out]
        if held_out:
            old, new = scene.combination.objects[index], str(random.choice(held_out))
            text = instructions.swap(old, new, random, alone=len(scene.objects) == 1)
            yield _task(renderer, scene, text, swapped(scene, index, new))


def removing_tasks(renderer: SceneRenderer, seed: int) -> Iterator[EditTask]:
    """One of two objects gone, in the wordings of training."""
    random = np.random.default_rng(seed)
    for scene in scenes(seed, held_out=True, pairs=1.0):
        index = int(random.integers(len(scene.objects)))
        text = instructions.remove(scene.combination.objects[index], random)
        yield _task(renderer, scene, text, without_object(scene, index))


def styling_tasks(renderer: SceneRenderer, seed: int) -> Iterator[EditTask]:
    """Other looks, one style after another."""
    random = np.random.default_rng(seed)
    for number, scene in enumerate(scenes(seed, held_out=True)):
        style = list(STYLES)[number % len(STYLES)]
        picture = renderer.picture(scene)
        text = instructions.restyle(style, random)
        yield EditTask(scene, picture, text, scene.combination, STYLES[style](picture))


def right_edits(judge: Judge, tasks: Sequence[EditTask], drawings: UInt8Array) -> list[bool]:
    """Which drawings show what they should."""
    return [shows(verdict, task.wanted) for task, verdict in zip(tasks, judge.look(drawings), strict=True)]


def _task(renderer: SceneRenderer, scene: Scene, text: str, after: Scene) -> EditTask:
    return EditTask(scene, renderer.picture(scene), text, after.combination, renderer.picture(after))
