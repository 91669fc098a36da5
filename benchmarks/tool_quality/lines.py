"""How well detect_lines finds straight lines whose ends are known: the sides of flat quadrilaterals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of

NAME = "lines"
TOOL = "detect_lines"
RECALL = "sides of drawn quadrilaterals found, both ends within 8 of 512 pixels"
PRECISION = "lines told that are such sides"
FAINT = "the same sides 25 grey levels from their ground, in noise of 12"
CURVES = "lines told for each drawn ellipse, which has none"
GOALS: Mapping[str, float] = MappingProxyType({})

_SIDE = 512
_CELLS = ((128, 128), (384, 128), (128, 384), (384, 384))
_RADII = (60, 110)
_NEAR = 8.0
_FINER = 4
_SHARE = 4
_SEED = 60_009


@dataclass(frozen=True)
class _Paint:
    """How shapes are painted: grey levels from their ground, at least, and the noise's standard deviation, of 255."""

    contrast: tuple[float, float]
    noise: float


_PLAIN, _FAINT = _Paint((60.0, 120.0), 4.0), _Paint((25.0, 25.0), 12.0)


def measure(scenes: int) -> list[Measured]:
    """One picture with two to four quadrilaterals, the same faint, and one with ellipses, for every four scenes."""
    recalled: list[bool] = []
    precise: list[bool] = []
    faint: list[bool] = []
    curved: list[float] = []
    for number in range(max(1, scenes // _SHARE)):
        for paint, found in ((_PLAIN, recalled), (_FAINT, faint)):
            picture, sides = _quadrilaterals(np.random.default_rng((_SEED, number)), paint)
            lines = _lines(picture)
            apart = np.array([[_ends_apart(line, side) for side in sides] for line in lines]).reshape(-1, len(sides))
            found += (apart.min(axis=0, initial=np.inf) <= _NEAR).tolist()
            if paint is _PLAIN and lines:
                precise += (apart.min(axis=1) <= _NEAR).tolist()
        ellipses, count = _ellipses(np.random.default_rng((_SEED + 1, number)), _PLAIN)
        curved += [len(_lines(ellipses)) / count] * count
    return [
        mean_of(TOOL, RECALL, recalled, GOALS),
        mean_of(TOOL, PRECISION, precise, GOALS),
        mean_of(TOOL, FAINT, faint, GOALS),
        mean_of(TOOL, CURVES, curved, GOALS, at_least=False),
    ]


def _lines(picture: NDArray[np.uint8]) -> list[list[float]]:
    return [entry["ends"] for entry in ask(TOOL, image=picture).data["lines"]]


def _ends_apart(line: Sequence[float], side: NDArray[np.float64]) -> float:
    """The greater distance of two ends that belong together, whichever end comes first."""
    ends = np.asarray(line).reshape(2, 2)
    return float(min(np.linalg.norm(ends - true, axis=1).max() for true in (side, side[::-1])))


def _quadrilaterals(random: np.random.Generator, paint: _Paint) -> tuple[NDArray[np.uint8], list[NDArray[np.float64]]]:
    """A picture, and its sides, each [2, 2] as x, y of its two ends."""
    shapes, sides = [], []
    for middle in _places(random):
        angles = random.uniform(0, 2 * np.pi) + np.arange(4) * np.pi / 2 + random.uniform(-0.35, 0.35, size=4)
        radii = random.uniform(*_RADII, size=4)
        corners = middle + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        shapes.append(_canvas())
        cv2.fillPoly(shapes[-1], [np.rint(corners * _FINER).astype(np.int32)], (255,))
        sides += [corners[[number, (number + 1) % 4]] for number in range(4)]
    return _painted(shapes, random, paint), sides


def _ellipses(random: np.random.Generator, paint: _Paint) -> tuple[NDArray[np.uint8], int]:
    shapes = []
    for middle in _places(random):
        axes = [round(float(radius) * _FINER) for radius in random.uniform(*_RADII, size=2)]
        centre = [round(float(place) * _FINER) for place in middle]
        shapes.append(_canvas())
        cv2.ellipse(shapes[-1], centre, axes, float(random.uniform(0, 180)), 0, 360, (255,), -1)
    return _painted(shapes, random, paint), len(shapes)


def _places(random: np.random.Generator) -> NDArray[np.float64]:
    chosen = random.permutation(_CELLS)[: int(random.integers(2, 5))]
    return np.asarray(chosen + random.uniform(-12, 12, size=chosen.shape))


def _canvas() -> NDArray[np.uint8]:
    return np.zeros((_SIDE * _FINER, _SIDE * _FINER), np.uint8)


def _painted(shapes: Sequence[NDArray[np.uint8]], random: np.random.Generator, paint: _Paint) -> NDArray[np.uint8]:
    ground = float(random.uniform(40, 215))
    picture = np.full((_SIDE, _SIDE, 3), ground) + random.uniform(-20, 20, size=3)
    for shape in shapes:
        alpha = cv2.resize(shape, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)[..., None] / 255
        contrast = float(random.uniform(*paint.contrast))
        picture = picture + alpha * (contrast if ground < 128 else -contrast)
    noisy = picture + random.normal(0, paint.noise, picture.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)
