"""Flat shapes whose outlines are known, on a plain ground or on a photographed texture; finds no edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.photographs import photograph
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]

SIDE = 256
_TEXTURES = ("brick", "grass", "gravel")
_PLACES = ((72, 76), (184, 76), (72, 180), (184, 180))
"""Where the shapes' middles are, before they are moved a little."""
_RADII = (28, 46)
_FINER = 4
_LEAST_CONTRAST = 60.0
"""Grey levels between a shape and its ground, at least."""


@dataclass(frozen=True, eq=False)
class DrawnShapes:
    """A picture, UINT8 [256, 256, 3], and the pixels on the shapes' outlines, bool [256, 256]."""

    picture: UInt8Array
    outlines: NDArray[np.bool_]


def drawn_shapes(count: int, seed: int, *, textured: bool = False, noise: float = 4.0) -> list[DrawnShapes]:
    """Pictures with two to four ellipses, rectangles and triangles, that do not touch.

    Args:
        count: of pictures.
        seed: the same gives the same pictures.
        textured: on brick, grass or gravel, else on a plain ground.
        noise: standard deviation, of 255, of what is added to every pixel.
    """
    random = np.random.default_rng(seed)
    return [_drawn(random, _TEXTURES[number % 3] if textured else None, noise) for number in range(count)]


def outlines_of(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a region that touch what is not in it; the picture's rim is no outline."""
    padded = np.pad(mask.astype(np.uint8), 1, mode="edge")
    inner = cv2.erode(padded, np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    return np.asarray(mask & (inner == 0))


def _drawn(random: np.random.Generator, texture: str | None, noise: float) -> DrawnShapes:
    ground_level = float(random.uniform(40, 215))
    if texture is None:
        picture = np.full((SIDE, SIDE, 3), ground_level) + random.uniform(-20, 20, size=3)
    else:
        picture = resized(photograph(texture), SIDE, SIDE).astype(np.float64)
        ground_level = float(picture.mean())
    outlines = np.zeros((SIDE, SIDE), np.bool_)
    for place in random.permutation(_PLACES)[: int(random.integers(2, 5))]:
        alpha = _shape(random, place + random.integers(-6, 7, size=2))
        colour = _level(random, ground_level) + random.uniform(-20, 20, size=3)
        picture = picture * (1 - alpha[..., None]) + colour * alpha[..., None]
        outlines |= outlines_of(alpha > 0.5)
    noisy = picture + random.normal(0, noise, picture.shape) if noise else picture
    return DrawnShapes(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), outlines)


def _level(random: np.random.Generator, ground: float) -> float:
    while True:
        level = float(random.uniform(20, 235))
        if abs(level - ground) >= _LEAST_CONTRAST:
            return level


def _shape(random: np.random.Generator, middle: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much of each pixel a shape covers, 0–1."""
    canvas = np.zeros((SIDE * _FINER, SIDE * _FINER), np.uint8)
    radius, turn = float(random.uniform(*_RADII)), float(random.uniform(0, 2 * np.pi))
    corners = int(random.choice((3, 4, 0)))
    if corners:
        angles = turn + np.arange(corners) * 2 * np.pi / corners
        points = middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(canvas, [np.rint(points * _FINER).astype(np.int32)], (255,))
    else:
        axes = (round(radius * _FINER), round(radius * _FINER * random.uniform(0.5, 1.0)))
        centre = (int(middle[0] * _FINER), int(middle[1] * _FINER))
        cv2.ellipse(canvas, centre, axes, float(np.degrees(turn)), 0, 360, (255,), -1)
    return cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64) / 255
