"""How often an object is replaced or removed as asked, and whether everything else stays: the whole chain, judged.

The scenes are held out. Some are given as they are, others four times as large, as the drawing tools return pictures.
What comes back is shrunk to the judge's size, and counts only if the judge sees all that should be there and nothing
else, on the same background.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality import in_process, in_process_streams
from benchmarks.tool_quality.in_process import ToolAnswer
from benchmarks.tool_quality.measured import Measured
from visgate_export.pocket.changed_scenes import other_object, without_object
from visgate_export.pocket.judge import Judge, Verdict
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]

Outcome = TypeVar("Outcome")

NAME = "object_editing"

REPLACED = "new object there, old gone, the rest seen as before"
REMOVED = "object gone, the rest seen as before"
MOVED = "mean difference outside the mask, of 255"
STRAYED = "mean difference away from the object, of 255"
CONTINUED = "mean difference of a new side from the true floor, of 255"

GOALS: Mapping[str, float] = MappingProxyType({REPLACED: 0.85, REMOVED: 0.9, MOVED: 3.0, STRAYED: 3.0})

_SEED = 41_001
_AT_ONCE = 4
_REACH = 14.0
"""Pixels of the scene within which the new object's centre is from the old one's."""
_ADDED = 32
"""Columns that extend_image adds at the right, in pixels of the scene."""
_LIKE_THE_FLOOR = 16.0
"""Mean difference, of 255, up to which what was painted over an object passes for the floor that is behind it: a blot
that looks like no object is none, but it is not the floor either."""
_AWAY = 0.15
"""Away from an object is farther than this share of the picture's side from the square that the object fills."""


@dataclass(frozen=True, eq=False)
class Task:
    """One object of one scene to change.

    Attributes:
        scene: held out.
        picture: of the scene, UINT8 [64, 64, 3] or enlarged.
        without: of the scene without the object, UINT8 [64, 64, 3].
        index: of the object.
        replacement: what comes in its place.
        seed: of the drawing.
    """

    scene: Scene
    picture: UInt8Array
    without: UInt8Array
    index: int
    replacement: str
    seed: int

    @property
    def name(self) -> str:
        """The object's name."""
        return self.scene.combination.objects[self.index]

    @property
    def others(self) -> list[str]:
        """The other objects' names."""
        return [name for index, name in enumerate(self.scene.combination.objects) if index != self.index]


def tasks(renderer: SceneRenderer, count: int, *, enlarged: bool) -> Iterator[Task]:
    """Held-out scenes, one object of each to be changed; enlarged ones went through upscale_image."""
    seed = _SEED + enlarged
    random = np.random.default_rng(seed)
    for number, scene in enumerate(islice(scenes(seed, held_out=True), count)):
        index = int(random.integers(len(scene.objects)))
        picture = renderer.picture(scene)
        if enlarged:
            picture = in_process.ask("upscale_image", image=picture).pictures["PICTURE"]
        yield Task(
            scene, picture, renderer.picture(without_object(scene, index)), index, other_object(scene, random), number
        )


def measure(scenes: int) -> list[Measured]:
    """Replaces and removes an object of each scene, and extends one scene in four; a third of them are large.

    Raises:
        NetworkError: a network has not been exported.
    """
    judge, renderer = load_judge(), SceneRenderer(read_sprites())
    rows: list[Measured] = []
    for size, count in (("64 × 64", scenes - scenes // 3), ("256 × 256", scenes // 3)):
        chosen = list(tasks(renderer, count, enlarged=size == "256 × 256"))
        rows += _measure_changes("replace_object", REPLACED, _replace, _is_replaced, judge, chosen, size)
        rows += _measure_changes("remove_object", REMOVED, _remove, _is_removed, judge, chosen, size)
    plain = list(tasks(renderer, max(1, scenes // 4), enlarged=False))
    continued = _at_once(lambda task: _side_difference(renderer, task), plain)
    rows.append(Measured("extend_image", CONTINUED, float(np.mean(continued)), None, len(plain)))
    return rows


def _measure_changes(
    tool: str,
    figure: str,
    change: Callable[[Task], ToolAnswer],
    is_right: Callable[[Task, ToolAnswer, Verdict], bool],
    judge: Judge,
    chosen: Sequence[Task],
    size: str,
) -> list[Measured]:
    answers = _at_once(change, chosen)
    seen = judge.look(np.stack([resized(answer.pictures["PICTURE"], SIDE, SIDE) for answer in answers]))
    right = [is_right(*each) for each in zip(chosen, answers, seen, strict=True)]
    moved = [_difference(task, answer, _outside_mask(answer)) for task, answer in zip(chosen, answers, strict=True)]
    strayed = [_difference(task, answer, _away(task)) for task, answer in zip(chosen, answers, strict=True)]
    count = len(chosen)
    return [
        Measured(tool, f"{figure} ({size})", float(np.mean(right)), GOALS[figure], count),
        Measured(tool, f"{MOVED} ({size})", float(np.mean(moved)), GOALS[MOVED], count, at_least=False),
        Measured(tool, f"{STRAYED} ({size})", float(np.mean(strayed)), GOALS[STRAYED], count, at_least=False),
    ]


def _replace(task: Task) -> ToolAnswer:
    return in_process_streams.ask(
        "replace_object", image=task.picture, object=task.name, replacement=task.replacement, seed=task.seed
    )


def _remove(task: Task) -> ToolAnswer:
    return in_process_streams.ask("remove_object", image=task.picture, object=task.name, seed=task.seed)


def _is_replaced(task: Task, answer: ToolAnswer, verdict: Verdict) -> bool:
    square = task.scene.objects[task.index]
    across, down = square.left + square.side / 2, square.top + square.side / 2
    in_place = any(
        seen.name == task.replacement and np.hypot(seen.across - across, seen.down - down) < _REACH
        for seen in verdict.objects
    )
    return in_place and _sees(verdict, [task.replacement, *task.others], task.scene)


def _is_removed(task: Task, answer: ToolAnswer, verdict: Verdict) -> bool:
    painted = resized(answer.pictures["MASK"][..., 0], SIDE, SIDE) > 0
    if not answer.data["found"] or not painted.any():
        return False
    picture = resized(answer.pictures["PICTURE"], SIDE, SIDE).astype(np.int16)
    difference = float(np.abs(picture - task.without)[painted].mean())
    return difference < _LIKE_THE_FLOOR and _sees(verdict, task.others, task.scene)


def _sees(verdict: Verdict, names: Sequence[str], scene: Scene) -> bool:
    """Whether exactly these objects are seen, and the background is the scene's."""
    same = sorted(seen.name for seen in verdict.objects) == sorted(names)
    return same and verdict.background == scene.combination.background


def _outside_mask(answer: ToolAnswer) -> NDArray[np.bool_]:
    return np.asarray(answer.pictures["MASK"][..., 0] == 0)


def _away(task: Task) -> NDArray[np.bool_]:
    """Pixels of the picture that are far from the object, whatever mask was used."""
    away = np.ones(task.picture.shape[:2], np.bool_)
    factor, square, rim = len(away) / SIDE, task.scene.objects[task.index], _AWAY * SIDE
    rows, columns = (
        slice(round(factor * max(0.0, start - rim)), round(factor * (start + square.side + rim)))
        for start in (square.top, square.left)
    )
    away[rows, columns] = False
    return away


def _difference(task: Task, answer: ToolAnswer, where: NDArray[np.bool_]) -> float:
    """Mean absolute difference from what was given, 0-255; 0 where there is nothing to compare."""
    changed = np.abs(answer.pictures["PICTURE"].astype(np.int16) - task.picture)
    return float(changed[where].mean()) if where.any() else 0.0


def _side_difference(renderer: SceneRenderer, task: Task) -> float:
    """How far the new right side is from the floor that would be there: rows keep their shade, whatever the column."""
    answer = in_process_streams.ask("extend_image", image=task.picture, right=_ADDED, seed=task.seed)
    empty = task.scene
    for index in reversed(range(len(empty.objects))):
        empty = without_object(empty, index)
    floor = renderer.picture(empty)[:, :1].astype(np.int16)
    return float(np.abs(answer.pictures["PICTURE"][:, SIDE:] - floor).mean())


def _at_once(work: Callable[[Task], Outcome], chosen: Sequence[Task]) -> list[Outcome]:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(work, chosen))
