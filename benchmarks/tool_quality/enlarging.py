"""How near upscale_image comes to what was shrunk, beside plain bicubic enlargement; in decibels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.drawn_shapes import drawn_shapes
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured
from benchmarks.tool_quality.photographs import photograph

UInt8Array = NDArray[np.uint8]

NAME = "enlarging"
TOOL = "upscale_image"
PHOTOS = "photographs shrunk to a quarter and enlarged again, PSNR in dB"
PHOTOS_BICUBIC = "the same by bicubic interpolation, PSNR in dB"
SHAPES = "drawn shapes shrunk to a quarter and enlarged again, PSNR in dB"
SHAPES_BICUBIC = "the same shapes by bicubic interpolation, PSNR in dB"
GOALS: Mapping[str, float] = MappingProxyType({})

_FACTOR = 4
_PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "stereo_motorcycle", "rocket", "coins", "page")
_SHAPE_SHARE = 8
_SEED = 60_007


def measure(scenes: int) -> list[Measured]:
    """Eight photographs whatever the scenes, and one picture of shapes for every eight scenes."""
    photos = [_divisible(photograph(name)) for name in _PHOTOS]
    shapes = [each.picture for each in drawn_shapes(max(1, scenes // _SHAPE_SHARE), _SEED, noise=0.0)]
    return [
        _measured(PHOTOS, photos, _by_tool),
        _measured(PHOTOS_BICUBIC, photos, _by_interpolation),
        _measured(SHAPES, shapes, _by_tool),
        _measured(SHAPES_BICUBIC, shapes, _by_interpolation),
    ]


def psnr(one: UInt8Array, other: UInt8Array) -> float:
    """Peak signal-to-noise ratio of two pictures, dB, over all channels."""
    squared = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float(10 * np.log10(255**2 / max(squared, 1e-12)))


def _divisible(picture: UInt8Array) -> UInt8Array:
    height, width = (side // _FACTOR * _FACTOR for side in picture.shape[:2])
    return picture[:height, :width]


def _by_tool(small: UInt8Array) -> UInt8Array:
    return ask(TOOL, image=small).pictures["PICTURE"]


def _by_interpolation(small: UInt8Array) -> UInt8Array:
    size = (small.shape[1] * _FACTOR, small.shape[0] * _FACTOR)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _measured(figure: str, pictures: Sequence[UInt8Array], enlarge: Callable[[UInt8Array], UInt8Array]) -> Measured:
    ratios = []
    for picture in pictures:
        size = (picture.shape[1] // _FACTOR, picture.shape[0] // _FACTOR)
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        ratios.append(psnr(enlarge(small), picture))
    return Measured(TOOL, figure, float(np.mean(ratios)), GOALS.get(figure), len(ratios))
