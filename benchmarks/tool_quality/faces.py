"""How well detect_faces finds faces: one in a photograph with its changed copies, and small ones on photographs.

The small faces are scikit-image's hundred of 25 × 25 pixels (from Labeled Faces in the Wild). The tool's threshold was
chosen on them as they are; here they are enlarged and pasted into photographs that have no face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.boxes import SAME, Box, best_iou, box_iou
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photographs_without_things
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]

NAME = "faces"
TOOL = "detect_faces"
FOUND = "one photographed face found in eight versions, box IoU with the marked one ≥ 0.5"
MOVED = "mean IoU of the face's box in a changed photograph with where it was in the photograph"
EYES = "mean distance of its eyes from the marked ones, share of the eyes' distance"
SMALL = "small faces pasted into photographs found where they are"
ELSEWHERE = "faces told where none is, for each such picture"
NOTHING = "nothing found where no face is, fifteen photographs in eight versions of each"
GOALS: Mapping[str, float] = MappingProxyType({})

_SEED = 60_002
_CANVAS = 320
_FACE_SIDES = (40, 80)
"""Pixels between which the pasted faces' sides are."""
_EYES = ("right_eye", "left_eye")


def measure(scenes: int) -> list[Measured]:
    """Looks at the photographed face in eight versions, at up to 100 pasted ones, and at photographs without any."""
    (photo,) = (photo for photo in known_photographs() if photo.face is not None)
    marked = [photo.joints[name] for name in _EYES]
    found, moved, eyes = [], [], []
    before: Box | None = None
    for view in views(photo.picture):
        faces = _faces(view.picture)
        boxes = [face["box"] for face in faces]
        true = view.box(photo.face or photo.box)
        found.append(best_iou(boxes, true) >= SAME)
        if before is None:
            before = tuple(boxes[0]) if boxes else (0, 0, 0, 0)
        else:
            moved.append(best_iou(boxes, view.box(before)))
        eyes += [_eyes_off(face, view.points(marked), mirrored=view.mirrored) for face in faces[:1]]
    without = (*photographs_without_things(), *(each.picture for each in known_photographs() if each.thing != "person"))
    free = [not _faces(view.picture) for picture in without for view in views(picture)]
    pasted, elsewhere = _pasted(min(scenes, 100))
    # The man with the camera has a face, seen from the side: it is neither asked for nor held against the tool.
    return [
        _measured(FOUND, found),
        _measured(MOVED, moved),
        _measured(EYES, eyes),
        _measured(SMALL, pasted),
        _measured(ELSEWHERE, elsewhere),
        _measured(NOTHING, free),
    ]


def _faces(picture: UInt8Array) -> list[dict[str, Any]]:
    faces: list[dict[str, Any]] = ask(TOOL, image=picture).data["faces"]
    return faces


def _eyes_off(face: Mapping[str, Any], marked: NDArray[np.float64], *, mirrored: bool) -> float:
    """Mean distance of the found eyes from the marked ones (right, left), as a share of the marked ones' distance."""
    if mirrored:
        marked = marked[::-1]  # in a mirror the right eye is a left one
    found = np.array([face["keypoints"][name] for name in _EYES])
    apart = float(np.linalg.norm(marked[0] - marked[1]))
    return float(np.linalg.norm(found - marked, axis=1).mean()) / apart


def _pasted(count: int) -> tuple[list[bool], list[int]]:
    """Whether each pasted face is found, and how many others are."""
    from skimage.data import lfw_subset

    random = np.random.default_rng(_SEED)
    backgrounds = photographs_without_things()
    found, elsewhere = [], []
    for number, face in enumerate(lfw_subset()[:count]):
        canvas = resized(backgrounds[number % len(backgrounds)], _CANVAS, _CANVAS)
        side = int(random.integers(*_FACE_SIDES))
        left, top = (int(random.integers(0, _CANVAS - side)) for _ in range(2))
        grey = cv2.resize(face.astype(np.float32) * 255, (side, side), interpolation=cv2.INTER_CUBIC)
        canvas[top : top + side, left : left + side] = np.clip(grey, 0, 255).astype(np.uint8)[..., None]
        there = [_is_there(entry["box"], (left, top, left + side, top + side)) for entry in _faces(canvas)]
        found.append(any(there))
        elsewhere.append(len(there) - sum(there))
    return found, elsewhere


def _is_there(box: Box, pasted: Box) -> bool:
    """Whether a box is of the pasted face: its middle lies in it, and it is neither much smaller nor much larger."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return pasted[0] <= x <= pasted[2] and pasted[1] <= y <= pasted[3] and box_iou(box, pasted) > 0.25


def _measured(figure: str, values: Sequence[float | bool]) -> Measured:
    return mean_of(TOOL, figure, values, GOALS, at_least=figure not in (EYES, ELSEWHERE))
