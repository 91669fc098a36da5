"""How well segment_image finds and names what each pixel of a scene belongs to, and tells its parts apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.dense_scenes import TrueScene, drawn_scenes, rendered_scenes
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured
from benchmarks.tool_quality.picture_parts import measure_parts
from visgate_export.pocket.palette import CLASS_COLOURS, CLASS_NAMES
from visgate_export.pocket.scenes import SIDE

NAME = "segmentation"
TOOL = "segment_image"
_MEAN_IOU = "mean IoU of the classes that occur"
_MEAN_IOU_DRAWN = "the same of drawings, enlarged four times"
_NAMED = "scenes whose objects are all named, and no other"
GOALS: Mapping[str, float] = MappingProxyType({_MEAN_IOU: 0.85})

_SEED = 30_002


def measure(scenes: int) -> list[Measured]:
    """Mean IoU on renderings and drawings, and how often labels and parts are just the scene's objects."""
    rendered = rendered_scenes(scenes, _SEED)
    drawn = drawn_scenes(rendered)
    answers = [ask(TOOL, image=scene.picture) for scene in rendered]
    right = [
        {entry["label"] for entry in answer.data["labels"]} == {CLASS_NAMES[number] for number in _objects(scene)}
        for answer, scene in zip(answers, rendered, strict=True)
    ]
    found = [class_numbers(answer.pictures["PICTURE"]) for answer in answers]
    of_drawings = [class_numbers(ask(TOOL, image=scene.picture).pictures["PICTURE"]) for scene in drawn]
    return [
        _measured(_MEAN_IOU, mean_iou(found, [scene.classes for scene in rendered]), len(rendered)),
        _measured(_MEAN_IOU_DRAWN, mean_iou(of_drawings, [scene.classes for scene in drawn]), len(drawn)),
        _measured(_NAMED, float(np.mean(right)), len(rendered)),
        *measure_parts(rendered, drawn, _SEED),
    ]


def class_numbers(colours: NDArray[np.uint8]) -> NDArray[np.int64]:
    """A colour map [height, width, 3] as numbers of classes at a scene's own size, [64, 64]."""
    small = cv2.resize(colours, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    known = {colour: number for number, colour in enumerate(CLASS_COLOURS)}
    rows = [known[(int(red), int(green), int(blue))] for red, green, blue in small.reshape(-1, 3)]
    return np.array(rows, np.int64).reshape(SIDE, SIDE)


def mean_iou(found: Sequence[NDArray[np.int64]], true: Sequence[NDArray[np.uint8]]) -> float:
    """Intersection over union of each class that occurs in the truth, over all pictures together, and their mean."""
    count = len(CLASS_NAMES)
    pairs = np.stack(true).astype(np.int64) * count + np.stack(found)
    table = np.bincount(pairs.ravel(), minlength=count**2).reshape(count, count)
    hits, occurs = np.diag(table), table.sum(axis=1) > 0
    union = table.sum(axis=0) + table.sum(axis=1) - hits
    return float(np.mean(hits[occurs] / union[occurs]))


def _objects(scene: TrueScene) -> list[int]:
    return [number for number in np.unique(scene.classes).tolist() if number]


def _measured(figure: str, value: float, count: int) -> Measured:
    return Measured(TOOL, figure, value, GOALS.get(figure), count)
