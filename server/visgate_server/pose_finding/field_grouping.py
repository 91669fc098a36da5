"""Puts joints together to people by part affinity fields; knows nothing about networks or pictures.

A part affinity field points along a limb wherever the limb is (Cao et al. 2017, "Realtime multi-person 2D pose
estimation using part affinity fields", sections 2.3 and 2.4). Two joints belong together if the field between them
points from one to the other all the way (equations 10 and 11). The surest pairs are taken first, limb by limb, each
joint once, and pairs that share a joint are one person's. The thresholds are those of the authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SAMPLES = 10
"""Places along a limb at which the field is looked at."""

POINTS_ALONG = 0.05
"""A field whose part along the limb is larger than this points that way."""

SHARE_ALONG = 0.8
"""Of the samples, more than this share has to point along the limb."""

FEWEST_JOINTS = 4
LEAST_MEAN = 0.4
"""A person has this many joints, and this much of heat and field for each of them on average."""


@dataclass(frozen=True)
class Limb:
    """A limb, and where its field lies among the fields' planes.

    Attributes:
        start: number of the joint that the field points away from.
        end: number of the joint that it points to.
        plane: number of the field's plane for x; the one for y is the next.
        founds: whether two joints that it connects may make a person; those that only confirm others may not.
    """

    start: int
    end: int
    plane: int
    founds: bool = True


@dataclass
class Group:
    """The joints of one person: for each joint which of its peaks, and how much speaks for all of them together."""

    peak_of: dict[int, int] = field(default_factory=dict)
    total: float = 0.0


@dataclass(frozen=True)
class _Pair:
    start: int
    end: int
    score: float


def group(joints: Sequence[NDArray[np.float32]], fields: Plane, limbs: Sequence[Limb]) -> list[Group]:
    """The people that the joints are of, the one with the most for it first.

    Args:
        joints: for each joint its peaks, float32 [peaks, 3]: x, y and heat.
        fields: float32 [planes, rows, columns], in the peaks' pixels.
        limbs: in the order in which they are put together.
    """
    people: list[Group] = []
    for limb in limbs:
        starts, ends = joints[limb.start], joints[limb.end]
        for pair in _pairs(starts, ends, fields[limb.plane : limb.plane + 2]):
            heat = (float(starts[pair.start, 2]), float(ends[pair.end, 2]))
            _add(people, limb, pair, heat)
    kept = [
        person
        for person in people
        if len(person.peak_of) >= FEWEST_JOINTS and person.total >= LEAST_MEAN * len(person.peak_of)
    ]
    return sorted(kept, key=lambda person: -person.total)


def _pairs(starts: NDArray[np.float32], ends: NDArray[np.float32], along: Plane) -> list[_Pair]:
    """Joints that a limb connects, each in one pair at most, the surest first."""
    if not len(starts) or not len(ends):
        return []
    _, rows, columns = along.shape
    way = ends[None, :, :2] - starts[:, None, :2]
    length = np.maximum(np.hypot(way[..., 0], way[..., 1]), 1e-3)
    shares = np.linspace(0, 1, SAMPLES, dtype=np.float32)
    places = starts[:, None, None, :2] + way[:, :, None] * shares[:, None]
    x, y = (np.clip(np.rint(places[..., axis]), 0, limit - 1).astype(int) for axis, limit in enumerate((columns, rows)))
    agreement = (along[0, y, x] * way[..., 0, None] + along[1, y, x] * way[..., 1, None]) / length[..., None]
    # A limb longer than half the picture's height is unlikely.
    scores = agreement.mean(axis=2) + np.minimum(0.5 * rows / length - 1, 0)
    fits = ((agreement > POINTS_ALONG).mean(axis=2) > SHARE_ALONG) & (scores > 0)
    pairs: list[_Pair] = []
    for index in np.argsort(-scores, axis=None, kind="stable").tolist():
        start, end = divmod(index, len(ends))
        if fits[start, end] and all(pair.start != start and pair.end != end for pair in pairs):
            pairs.append(_Pair(start, end, float(scores[start, end])))
    return pairs


def _add(people: list[Group], limb: Limb, pair: _Pair, heat: tuple[float, float]) -> None:
    """Gives a pair to whoever has one of its joints already; joins two people if each has one and none has both."""
    ends = ((limb.start, pair.start, heat[0]), (limb.end, pair.end, heat[1]))
    owners = [person for person in people if any(person.peak_of.get(joint) == peak for joint, peak, _ in ends)]
    if not owners:
        if limb.founds:
            people.append(Group({joint: peak for joint, peak, _ in ends}, sum(heat) + pair.score))
        return
    first, *others = owners
    if others:
        if not first.peak_of.keys() & others[0].peak_of.keys():
            first.peak_of.update(others[0].peak_of)
            first.total += others[0].total + pair.score
            people.remove(others[0])
        return
    if all(first.peak_of.get(joint) == peak for joint, peak, _ in ends):
        first.total += pair.score
        return
    for joint, peak, warmth in ends:
        if joint not in first.peak_of:
            first.peak_of[joint] = peak
            first.total += warmth + pair.score
