"""Chooses the detected objects that were asked for and cuts them out; calls no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.object_cutting import cut_out_of_box
from visgate_server.object_finding.found_object import Box
from visgate_server.object_finding.spoken_object import SpokenObject

PERSON = "person"


@dataclass(frozen=True)
class Detected:
    """One object of the detector, its box in pixels of the given picture."""

    label: str
    score: float
    box: Box

    @property
    def area(self) -> int:
        """In pixels."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, x and y."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def chosen(detected: Sequence[Detected], spoken: SpokenObject, width: int, height: int) -> list[Detected]:
    """Those that were asked for, the surest first; where a place was said, the one that fits it best.

    Args:
        detected: everything in the picture.
        spoken: what was asked for.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    return in_place([one for one in detected if one.label == spoken.label], spoken.place, width, height)


def in_place(fitting: Sequence[Detected], place: str | None, width: int, height: int) -> list[Detected]:
    """All of them, the surest first, or the one that fits a place best.

    Args:
        fitting: what was asked for, but for the place.
        place: as of `SpokenObject`.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    if place is None or not fitting:
        return sorted(fitting, key=lambda one: -one.score)
    distances: Mapping[str, Callable[[Detected], float]] = {
        "left": lambda one: one.centre[0],
        "right": lambda one: -one.centre[0],
        "top": lambda one: one.centre[1],
        "bottom": lambda one: -one.centre[1],
        "middle": lambda one: (one.centre[0] - width / 2) ** 2 + (one.centre[1] - height / 2) ** 2,
        "largest": lambda one: -one.area,
        "smallest": lambda one: one.area,
    }
    return [min(sorted(fitting, key=lambda one: -one.score), key=distances[place])]


def most_prominent(detected: Sequence[Detected]) -> Detected | None:
    """What a picture is most likely of: what is large and was detected with certainty; None where nothing was."""
    return max(detected, key=lambda one: one.score * one.area**0.5, default=None)


def cut_out(image: NDArray[np.uint8], objects: Sequence[Detected]) -> NDArray[np.uint8]:
    """The mask of all of them together, UINT8 [height, width], 0–255."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for one in objects:
        np.maximum(mask, cut_out_of_box(image, one.box), out=mask)
    return mask


def within_boxes(mask: NDArray[np.uint8], objects: Sequence[Detected]) -> NDArray[np.uint8]:
    """What of a mask lies in one of the objects' boxes."""
    kept = np.zeros_like(mask)
    for one in objects:
        left, top, right, bottom = one.box
        kept[top:bottom, left:right] = mask[top:bottom, left:right]
    return kept
