"""Gives whole pictures another look: cartoon, black and white, pencil, darker; knows nothing about scenes or words."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]

_MORE_COLOUR = 1.35
_OUTLINE_LEFT = 0.4
"""Of the brightness, in a cartoon's outlines: the autoencoder blurs blacker ones."""
_CARTOON_EDGES = (60, 120)
"""Canny's thresholds, low enough for an object on a background of nearly its colour."""
_PAPER, _BLACKEST = 244.0, 60.0
_DARK = 0.75
"""The autoencoder was never shown anything darker than the far end of a floor, which this is about."""


def cartoon(picture: UInt8Array) -> UInt8Array:
    """Strong flat colours with dark outlines; [64, 64, 3] RGB 0–255 in and out, as of all styles."""
    hsv = cv2.cvtColor(cv2.bilateralFilter(picture, 5, 40, 3), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.clip(hsv[..., 1] * _MORE_COLOUR, 0, 255)
    strong = np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.float32)
    edges = cv2.dilate(cv2.Canny(picture, *_CARTOON_EDGES), np.ones((2, 2), np.uint8)).astype(np.float32) / 255
    outline = np.clip(cv2.GaussianBlur(edges, (0, 0), 0.6) * 1.1, 0, 1)[..., None]
    return np.clip(strong * (1 - outline * (1 - _OUTLINE_LEFT)) + 0.5, 0, 255).astype(np.uint8)


def black_and_white(picture: UInt8Array) -> UInt8Array:
    """Grey by luma."""
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)


def pencil_drawing(picture: UInt8Array) -> UInt8Array:
    """Grey strokes on white paper, the darker the steeper brightness changes."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steepness = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
    strokes = cv2.GaussianBlur(np.clip(0.5 * steepness - 6, 0, 184), (0, 0), 0.7)
    paper = np.clip(_PAPER - strokes, _BLACKEST, _PAPER).round().astype(np.uint8)
    return np.repeat(paper[..., None], 3, axis=2)


def darker(picture: UInt8Array) -> UInt8Array:
    """As towards the evening."""
    return (picture * np.float32(_DARK)).round().astype(np.uint8)


STYLES: Mapping[str, Callable[[UInt8Array], UInt8Array]] = MappingProxyType(
    {
        "cartoon": cartoon,
        "black and white": black_and_white,
        "pencil drawing": pencil_drawing,
        "darker": darker,
    }
)
