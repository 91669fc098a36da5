"""How well inpaint_image fills a hole: with an object that is asked for, or with the floor, on held-out scenes.

Masks are made from where objects truly are, made rough as masks are that a network finds: how well objects are found is
measured with the tools that find them, and the whole chain with `object_editing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.engine_drawings import SCHEDULER, STEPS, draw_all, pocket_engine
from benchmarks.tool_quality.measured import Measured
from visgate_export.pocket.inpainting.inpainting_tasks import (
    InpaintTask,
    filling_tasks,
    removing_tasks,
    replacing_tasks,
    right_pictures,
)
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites
from visgate_server.diffusion.draw_request import DrawRequest

UInt8Array = NDArray[np.uint8]

NAME = "inpainting"
TOOL = "inpaint_image"

REPLACED = "new object there, old gone, the rest seen as before"
REMOVED = "object gone, the rest seen as before"
FILLED = "mean difference from the true floor under masks of any shape, of 255"

GOALS: Mapping[str, float] = MappingProxyType({REPLACED: 0.85, REMOVED: 0.9})

SEED = 52_001
"""Of the scenes that figures are published on."""


def measure(scenes: int) -> list[Measured]:
    """Fills so many holes each way.

    Raises:
        NetworkError: a network has not been exported.
    """
    judge, renderer, rows = load_judge(), SceneRenderer(read_sprites()), []
    for number, (figure, make) in enumerate({REPLACED: replacing_tasks, REMOVED: removing_tasks}.items()):
        tasks = list(islice(make(renderer, SEED + number), scenes))
        right = right_pictures(judge, tasks, inpainted(tasks))
        rows.append(Measured(TOOL, figure, float(np.mean(right)), GOALS[figure], len(tasks)))
    tasks = list(islice(filling_tasks(renderer, SEED + 2), scenes))
    differences = [
        float(np.abs(picture.astype(np.int16) - task.truth)[task.mask].mean())
        for task, picture in zip(tasks, inpainted(tasks), strict=True)
    ]
    rows.append(Measured(TOOL, FILLED, float(np.mean(differences)), None, len(tasks)))
    return rows


def inpainted(tasks: Sequence[InpaintTask], guidance: float | None = None) -> UInt8Array:
    """The pictures with what the engine drew under their masks, UINT8 [N, 64, 64, 3].

    Args:
        tasks: what to do.
        guidance: the profile's default if None.
    """
    profile = pocket_engine().profile
    drawings = draw_all(
        [
            DrawRequest(
                task.text,
                steps=STEPS,
                scheduler=SCHEDULER,
                guidance=profile.guidance_of("inpaint") if guidance is None else guidance,
                seed=seed,
                unet="inpaint",
                image=task.picture,
                mask=np.where(task.mask, np.uint8(255), np.uint8(0)),
            )
            for seed, task in enumerate(tasks)
        ]
    )
    masks = np.stack([task.mask for task in tasks])
    return np.where(masks[..., None], drawings, np.stack([task.picture for task in tasks]))
