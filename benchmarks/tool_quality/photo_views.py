"""Changes photographs in ways that move what is in them to known places; asks no tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.boxes import Box
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]

_FRAMED = 0.6
_GREY = 118
_NOISE = 12.0
_QUALITY = 25


@dataclass(frozen=True, eq=False)
class View:
    """A changed photograph.

    Attributes:
        change: in a word or two.
        picture: UINT8 [height, width, 3].
        scale: pixels of the view for one of the photograph.
        offset: where the photograph's upper left corner is in the view (the upper right one's if it is mirrored).
        mirrored: left and right are exchanged.
    """

    change: str
    picture: UInt8Array
    scale: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False

    def points(self, points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
        """Where points of the photograph are in the view, [count, 2]."""
        placed = np.asarray(points, np.float64).reshape(-1, 2) * self.scale
        if self.mirrored:
            placed[:, 0] *= -1
        return placed + self.offset

    def box(self, box: Sequence[float]) -> Box:
        """Where a box of the photograph is in the view."""
        corners = self.points([box[:2], box[2:]])
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return left, top, right, bottom


def views(picture: UInt8Array) -> tuple[View, ...]:
    """A photograph as it is, and in seven changed copies.

    Mirrored; half as large; at six tenths of its size in the lower right corner of a grey picture of its size; half as
    bright; with its shadows raised (gamma 0.5); with noise; compressed hard (JPEG).
    """
    height, width, _ = picture.shape
    random = np.random.default_rng(0)
    noisy = picture + random.normal(0, _NOISE, picture.shape)
    lit = 255 * np.sqrt(picture / np.float32(255))
    return (
        View("as it is", picture),
        View("mirrored", np.ascontiguousarray(picture[:, ::-1]), offset=(width, 0.0), mirrored=True),
        View("half as large", resized(picture, width // 2, height // 2), scale=0.5),
        _framed(picture),
        View("darker", (picture * 0.5).astype(np.uint8)),
        View("lighter", lit.astype(np.uint8)),
        View("noisy", np.clip(noisy, 0, 255).astype(np.uint8)),
        View("compressed", _compressed(picture)),
    )


def _framed(picture: UInt8Array) -> View:
    height, width, _ = picture.shape
    small = resized(picture, round(width * _FRAMED), round(height * _FRAMED))
    canvas = np.full_like(picture, _GREY)
    left, top = width - small.shape[1], height - small.shape[0]
    canvas[top:, left:] = small
    return View("in a frame", canvas, scale=_FRAMED, offset=(left, top))


def _compressed(picture: UInt8Array) -> UInt8Array:
    _, packed = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)
