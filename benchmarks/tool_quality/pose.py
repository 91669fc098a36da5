"""How well detect_pose finds the joints of two photographed people, and whether they move with the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import View, views
from benchmarks.tool_quality.photographs import known_photographs, photographs_without_things

NAME = "pose"
TOOL = "detect_pose"
MARKED = (
    "joints of two photographed people found within a twentieth of their height of the marked ones, in eight versions"
)
MOVED = "joints found where they were in the photograph, within a twentieth of the height, in its changed copies"
NOBODY = "nobody found where nobody is, fifteen photographs in eight versions of each"
GOALS: Mapping[str, float] = MappingProxyType({})

_NEAR = 0.05

_Joints = dict[str, tuple[float, float]]


def measure(scenes: int) -> list[Measured]:
    """Looks at the same photographs however many scenes are asked for: there are no others of people."""
    near, moved = [], []
    for photo in known_photographs():
        if photo.thing != "person":
            continue
        height = photo.box[3] - photo.box[1]
        before: _Joints | None = None
        for view in views(photo.picture):
            found, reach = _joints(view.picture), _NEAR * height * view.scale
            near += _within(found, _seen(photo.joints, view), reach)
            if before is None:
                before = found
            else:
                moved += _within(found, _seen(before, view), reach)
    without = (*photographs_without_things(), *(each.picture for each in known_photographs() if each.thing != "person"))
    nobody = [not _joints(view.picture) for picture in without for view in views(picture)]
    return [
        mean_of(TOOL, MARKED, near, GOALS),
        mean_of(TOOL, MOVED, moved, GOALS),
        mean_of(TOOL, NOBODY, nobody, GOALS),
    ]


def _joints(picture: NDArray[np.uint8]) -> _Joints:
    data = ask(TOOL, image=picture).data
    return {joint["name"]: (joint["x"], joint["y"]) for joint in data["keypoints"]}


def _seen(joints: Mapping[str, Sequence[float]], view: View) -> _Joints:
    """Where joints of the photograph are in the view; in a mirror left ones are right ones."""
    seen: _Joints = {}
    for (name, _), (x, y) in zip(joints.items(), view.points(list(joints.values())).tolist(), strict=True):
        side, _, rest = name.partition("_")
        other = {"left": "right", "right": "left"}.get(side)
        seen[f"{other}_{rest}" if view.mirrored and other else name] = (x, y)
    return seen


def _within(found: _Joints, true: _Joints, reach: float) -> list[bool]:
    """For each true joint whether it was found, no farther from it than `reach` pixels."""
    return [name in found and bool(np.hypot(*np.subtract(found[name], true[name])) <= reach) for name in true]
