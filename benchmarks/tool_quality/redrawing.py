"""How often redraw_image draws what is asked over a given scene, and how much of the scene it keeps.

Each scene is redrawn twice: with another object asked for, at the default strength; and with its own words, lightly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process_streams import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.captions import PLAIN, caption
from visgate_export.pocket.changed_scenes import other_object
from visgate_export.pocket.quality import load_judge, overlap, shows, silhouette
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, scenes
from visgate_export.pocket.sprites import read_sprites

UInt8Array = NDArray[np.uint8]

NAME = "redrawing"
TOOL = "redraw_image"
CHANGED = "another object asked for is there, and all the rest as before (strength 0.6)"
IN_PLACE = "IoU of what stands out from the floor with the given scene's (strength 0.6)"
FREE = "the same of drawings made without the scene"
KEPT = "with its own words, lightly (strength 0.3): seen as before"
MOVED = "the same: mean difference from the given picture, of 255"
GOALS: Mapping[str, float] = MappingProxyType({})

_LIGHTLY = 0.3
_AT_ONCE = 16
_SHARE = 2
"""Of so many scenes one is redrawn: each is drawn three times."""
_SEED = 60_011


@dataclass(frozen=True, eq=False)
class _Task:
    """A scene to be redrawn.

    Attributes:
        picture: of it, UINT8 [64, 64, 3].
        shown: what it shows.
        own: words for that.
        wanted: what it is to show.
        words: for that.
        seed: of the drawing.
    """

    picture: UInt8Array
    shown: Combination
    own: str
    wanted: Combination
    words: str
    seed: int


def measure(scenes: int) -> list[Measured]:
    """Redraws half as many scenes.

    Raises:
        NetworkError: a network has not been exported.
    """
    tasks, judge = _tasks(max(1, scenes // _SHARE)), load_judge()
    changed = _drawings(tasks, lambda task: _redrawn(task, task.words))
    lightly = _drawings(tasks, lambda task: _redrawn(task, task.own, strength=_LIGHTLY))
    freely = _drawings(tasks, lambda task: _drawn("generate_image", prompt=task.words, seed=task.seed))
    kept = [shows(seen, task.shown) for seen, task in zip(judge.look(lightly), tasks, strict=True)]
    right = [shows(seen, task.wanted) for seen, task in zip(judge.look(changed), tasks, strict=True)]
    pictures = np.stack([task.picture for task in tasks])
    return [
        _measured(CHANGED, right),
        _measured(IN_PLACE, _overlaps(changed, pictures)),
        _measured(FREE, _overlaps(freely, pictures)),
        _measured(KEPT, kept),
        _measured(MOVED, np.abs(lightly.astype(np.int16) - pictures).mean(axis=(1, 2, 3)).tolist()),
    ]


def _tasks(count: int) -> list[_Task]:
    random, renderer, tasks = np.random.default_rng(_SEED), SceneRenderer(read_sprites()), []
    for seed, scene in enumerate(islice(scenes(_SEED, held_out=True), count)):
        shown = scene.combination
        names = list(shown.objects)
        names[int(random.integers(len(names)))] = other_object(scene, random)
        wanted = replace(shown, objects=tuple(names))
        own, words = (caption(each, random, PLAIN, plain_names=True).text for each in (shown, wanted))
        tasks.append(_Task(renderer.picture(scene), shown, own, wanted, words, seed))
    return tasks


def _drawings(tasks: Sequence[_Task], draw: Callable[[_Task], UInt8Array]) -> UInt8Array:
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return np.stack(list(threads.map(draw, tasks)))


def _redrawn(task: _Task, words: str, **settings: float) -> UInt8Array:
    return _drawn(TOOL, prompt=words, image=task.picture, seed=task.seed, **settings)


def _drawn(tool: str, **arguments: Any) -> UInt8Array:
    return ask(tool, enlarge=False, **arguments).pictures["PICTURE"]


def _overlaps(drawings: UInt8Array, pictures: UInt8Array) -> list[float]:
    pairs = zip(drawings, pictures, strict=True)
    return [overlap(silhouette(drawing), silhouette(picture)) for drawing, picture in pairs]


def _measured(figure: str, values: Sequence[float | bool]) -> Measured:
    return mean_of(TOOL, figure, values, GOALS, at_least=figure != MOVED)
