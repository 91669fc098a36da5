"""How well find_object, segment_object and remove_background mark what was pasted into photographs.

A part of `finding`, which measures the same tools on drawn scenes.
"""

from __future__ import annotations

import numpy as np

from benchmarks.tool_quality.boxes import Box, box_iou
from benchmarks.tool_quality.composites import CUP, PEOPLE, Composite, composites
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.quality import overlap
from visgate_server.errors import VisgateServerError

BOX = "IoU of the box, a person or a cup pasted into photographs (0 where it is not found)"
MASK = "IoU of the mask, a person or a cup pasted into photographs (0 where it is not found)"
KEPT = "IoU of what is kept of photographs with a person or a cup pasted into them (0 where it is refused)"

_SEED = 60_004
_SHARE = 8
"""One composite for so many scenes: GrabCut takes its time."""


def measure_on_photographs(scenes: int) -> list[Measured]:
    """Looks at one composite for every eight scenes."""
    boxes, masks, kept = [], [], []
    for one in composites((*PEOPLE, CUP), max(1, scenes // _SHARE), _SEED):
        found = ask("find_object", image=one.picture, object=one.thing).data["boxes"]
        boxes.append(box_iou(found[0], _box(one)) if len(found) == 1 else 0.0)  # a second box is wrong
        marked = ask("segment_object", image=one.picture, object=one.thing).pictures["MASK"][..., 0] > 127
        masks.append(overlap(marked, one.mask))
        kept.append(_kept(one))
    return [
        mean_of("find_object", BOX, boxes),
        mean_of("segment_object", MASK, masks),
        mean_of("remove_background", KEPT, kept),
    ]


def _kept(one: Composite) -> float:
    try:
        mask = ask("remove_background", image=one.picture).pictures["MASK"][..., 0]
    except VisgateServerError:  # nothing was found that could be cut out
        return 0.0
    return overlap(mask > 127, one.mask)


def _box(one: Composite) -> Box:
    rows, columns = np.nonzero(one.mask)
    return float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)
