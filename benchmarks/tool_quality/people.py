"""How well segment_person marks people whose outline is known, and leaves alone what is nobody."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.tool_quality.composites import PEOPLE, composites
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photographs_without_things
from visgate_export.pocket.quality import overlap

NAME = "people"
TOOL = "segment_person"
MASK = "mean IoU of the mask of two people, cut out of photographs and pasted into others"
GOOD = "of these, with an IoU of at least 0.8"
NOBODY = "nothing marked where nobody is, fifteen photographs in eight versions of each"
GOALS: Mapping[str, float] = MappingProxyType({})

_SEED = 60_003
_SHARE = 4
"""One composite for so many scenes."""


def measure(scenes: int) -> list[Measured]:
    """Looks at one composite for every four scenes, and at photographs without people."""
    chosen = composites(PEOPLE, max(1, scenes // _SHARE), _SEED)
    overlaps = [overlap(ask(TOOL, image=one.picture).pictures["MASK"][..., 0] > 127, one.mask) for one in chosen]
    without = (*photographs_without_things(), *(each.picture for each in known_photographs() if each.thing != "person"))
    free = [not ask(TOOL, image=view.picture).pictures["MASK"].any() for picture in without for view in views(picture)]
    return [
        mean_of(TOOL, MASK, overlaps, GOALS),
        mean_of(TOOL, GOOD, [value >= 0.8 for value in overlaps], GOALS),
        mean_of(TOOL, NOBODY, free, GOALS),
    ]
