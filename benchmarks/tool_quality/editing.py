"""How often edit_image does what an instruction says and keeps the rest, on scenes that are held out before and after.

An edit is right if the judge sees all that should be there and nothing else, where it should be, on the background
that should be. The guidance is the profile's default, which was chosen on other scenes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.engine_drawings import SCHEDULER, STEPS, draw_all, pocket_engine
from benchmarks.tool_quality.measured import Measured
from visgate_export.pocket.edits.edit_tasks import (
    EditTask,
    EditTasks,
    recolouring_tasks,
    removing_tasks,
    right_edits,
    styling_tasks,
    swapping_tasks,
)
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites
from visgate_server.diffusion.draw_request import DrawRequest

UInt8Array = NDArray[np.uint8]

NAME = "editing"
TOOL = "edit_image"

RECOLOURED = "background recoloured, the rest seen as before"
SWAPPED = "one object turned into another, the rest seen as before"
REMOVED = "one object removed by instruction, the rest seen as before"
RESTYLED = "nearer to the asked style than the picture was"
STRAYED = "mean difference where nothing should change, of 255"

GOALS: Mapping[str, float] = MappingProxyType({RECOLOURED: 0.8, SWAPPED: 0.8})

SEED = 51_001
"""Of the scenes that figures are published on."""
_CHANGED = 12
"""Of 255; pixels that should change by less should not change."""


def measure(scenes: int) -> list[Measured]:
    """Edits so many scenes each way.

    Raises:
        NetworkError: a network has not been exported.
    """
    judge, renderer, rows = load_judge(), SceneRenderer(read_sprites()), []
    kinds: Mapping[str, EditTasks] = {
        RECOLOURED: recolouring_tasks,
        SWAPPED: swapping_tasks,
        REMOVED: removing_tasks,
    }
    for number, (figure, make) in enumerate(kinds.items()):
        tasks = list(islice(make(renderer, SEED + number), scenes))
        drawings = edited(tasks)
        right = right_edits(judge, tasks, drawings)
        rows.append(Measured(TOOL, figure, float(np.mean(right)), GOALS.get(figure), len(tasks)))
        if figure != RECOLOURED:
            strayed = [_strayed(task, drawing) for task, drawing in zip(tasks, drawings, strict=True)]
            rows.append(Measured(TOOL, f"{STRAYED} ({figure})", float(np.mean(strayed)), None, len(tasks)))
    tasks = list(islice(styling_tasks(renderer, SEED + len(kinds)), scenes))
    drawings = edited(tasks)
    nearer = [_is_nearer(task, drawing) for task, drawing in zip(tasks, drawings, strict=True)]
    rows.append(Measured(TOOL, RESTYLED, float(np.mean(nearer)), None, len(tasks)))
    return rows


def edited(tasks: Sequence[EditTask], guidance: float | None = None, image_guidance: float | None = None) -> UInt8Array:
    """What the engine makes of the tasks, UINT8 [N, 64, 64, 3].

    Args:
        tasks: what to do.
        guidance: by the text; the profile's default if None.
        image_guidance: by the picture; the profile's default if None.
    """
    profile = pocket_engine().profile
    return draw_all(
        [
            DrawRequest(
                task.text,
                steps=STEPS,
                scheduler=SCHEDULER,
                guidance=profile.guidance_of("edit") if guidance is None else guidance,
                image_guidance=profile.default_image_guidance if image_guidance is None else image_guidance,
                seed=seed,
                unet="edit",
                image=task.picture,
            )
            for seed, task in enumerate(tasks)
        ]
    )


def _strayed(task: EditTask, drawing: UInt8Array) -> float:
    """Mean absolute difference, 0–255, where before and after should be the same."""
    same = np.abs(task.truth.astype(np.int16) - task.picture).max(2) < _CHANGED
    return float(np.abs(drawing.astype(np.int16) - task.picture)[same].mean())


def _is_nearer(task: EditTask, drawing: UInt8Array) -> bool:
    to_truth = np.abs(drawing.astype(np.int16) - task.truth).mean()
    return bool(to_truth < np.abs(task.picture.astype(np.int16) - task.truth).mean())
