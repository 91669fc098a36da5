"""Fits a caller's control picture to the drawing's size, as each kind of ControlNet needs it; runs no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.image_processing.resizing import resized

Fit = Callable[[UInt8Array, int, int], UInt8Array]
"""(picture UINT8 [any height, any width, 3], width, height) to UINT8 [height, width, 3]."""


def fit_control_picture(kind: str, picture: UInt8Array, width: int, height: int) -> UInt8Array:
    """A control picture at the drawing's size.

    Args:
        kind: a key of `CONTROL_FITS`.
        picture: UINT8 [height, width, 3] at any size.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
    """
    return np.ascontiguousarray(CONTROL_FITS[kind](picture, width, height))


def _thin_lines(picture: UInt8Array, width: int, height: int) -> UInt8Array:
    """White lines on black stay white lines on black: a mean alone would fade a line of one pixel to dark grey."""
    shrinking = max(1.0, picture.shape[1] / width, picture.shape[0] / height)
    # A line one pixel wide covers 1 / shrinking of the pixels that it crosses; half of that still counts as the line.
    threshold = 127.5 / shrinking
    white = np.where(picture.max(axis=2) >= 128, np.uint8(255), np.uint8(0))  # a grey ground must not add up to a line
    lines = resized(white, width, height) > threshold
    return np.repeat(np.where(lines, np.uint8(255), np.uint8(0))[..., None], 3, axis=2)


def _classes(picture: UInt8Array, width: int, height: int) -> UInt8Array:
    """The nearest pixel: a mean of two colours would be a class of its own."""
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


CONTROL_FITS: Mapping[str, Fit] = MappingProxyType(
    {
        "edges": _thin_lines,
        "lines": _thin_lines,
        "sketch": _thin_lines,
        "soft_edges": resized,
        "pose": resized,
        "segmentation": _classes,
        "depth": resized,
        "normals": resized,
    }
)
