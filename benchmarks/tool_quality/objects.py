"""How well detect_objects finds things in photographs, which it was made for, and in drawings, which it was not."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.tool_quality.boxes import SAME, Box, best_iou
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photographs_without_things
from visgate_export.pocket.rendering import Rendering, SceneRenderer
from visgate_export.pocket.scenes import SIDE, scenes
from visgate_export.pocket.sprites import read_sprites

NAME = "objects"
TOOL = "detect_objects"
FOUND = "what five photographs are of found in eight versions of each, box IoU ≥ 0.5"
TOLD = "things told that are there, in the same"
MOVED = "mean IoU of the box in a changed photograph with where it was in the photograph"
NOTHING = "nothing found where nothing is, twelve photographs in eight versions of each"
DRAWN = "emoji of COCO's things found in drawings enlarged four times (it was trained on photographs)"
GOALS: Mapping[str, float] = MappingProxyType({})

_SEED = 60_001
_DRAWN_SHARE = 4
"""Of so many scenes one is looked at: enlarging costs more than what is measured."""
_COCO_WORDS = MappingProxyType(
    {
        "airplane": "airplane",
        "apple": "apple",
        "banana": "banana",
        "bird": "bird",
        "boat": "boat",
        "book": "book",
        "bus": "bus",
        "car": "car",
        "cat": "cat",
        "chair": "chair",
        "clock": "clock",
        "cup": "cup",
        "dancer": "person",
        "dog": "dog",
        "person": "person",
        "pizza": "pizza",
        "soccer ball": "sports ball",
        "sofa": "couch",
        "umbrella": "umbrella",
    }
)
"""What COCO calls the scenes' objects that it has a class for."""


def measure(scenes: int) -> list[Measured]:
    """Looks at photographs with marked boxes in eight versions each, at others without things, and at drawn scenes."""
    found, told, moved = [], [], []
    for photo in known_photographs():
        before: Box | None = None
        for view in views(photo.picture):
            things = _things(view.picture)
            boxes = [thing["box"] for thing in things if thing["label"] == photo.thing]
            found.append(best_iou(boxes, view.box(photo.box)) >= SAME)
            told += [thing["label"] in (photo.thing, *photo.also) for thing in things]
            if before is None:
                before = tuple(boxes[0]) if boxes else (0, 0, 0, 0)
            else:
                moved.append(best_iou(boxes, view.box(before)))
    empty = [not _things(view.picture) for picture in photographs_without_things() for view in views(picture)]
    drawn = _drawn(max(1, scenes // _DRAWN_SHARE))
    return [
        mean_of(TOOL, FOUND, found, GOALS),
        mean_of(TOOL, TOLD, told, GOALS),
        mean_of(TOOL, MOVED, moved, GOALS),
        mean_of(TOOL, NOTHING, empty, GOALS),
        mean_of(TOOL, DRAWN, drawn, GOALS),
    ]


def _things(picture: Any) -> list[dict[str, Any]]:
    things: list[dict[str, Any]] = ask(TOOL, image=picture).data["objects"]
    return things


def _drawn(count: int) -> list[bool]:
    """Of each object that COCO knows, whether it is found and rightly named."""
    renderer, found = SceneRenderer(read_sprites()), []
    for scene in islice(scenes(_SEED, held_out=True), count):
        known = [index for index, name in enumerate(scene.combination.objects) if name in _COCO_WORDS]
        if not known:
            continue
        rendering = renderer.render(scene)
        things = _things(ask("upscale_image", image=rendering.picture).pictures["PICTURE"])
        for index in known:
            word = _COCO_WORDS[scene.combination.objects[index]]
            boxes = [thing["box"] for thing in things if thing["label"] == word]
            found.append(best_iou(boxes, _box(rendering, index)) >= SAME)
    return found


def _box(rendering: Rendering, index: int) -> Box:
    """Around what one sees of an object, in pixels of the enlarged scene."""
    rows, columns = np.nonzero(rendering.masks[index])
    if not rows.size:
        return 0.0, 0.0, 0.0, 0.0
    factor = 4 * SIDE / len(rendering.picture)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return factor * float(left), factor * float(top), factor * float(right), factor * float(bottom)
