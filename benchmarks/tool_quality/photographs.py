"""The photographs that scikit-image carries, and what is in them, marked by hand; changes and measures nothing.

They are few, and on some of them the tools' thresholds were chosen: figures on them say that a tool works on
photographs of that plainness, not how often it fails in the world. What is marked was read off enlarged prints with a
grid, to within three pixels for boxes and five for joints; joints under a suit are where they seem to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.boxes import Box
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]
Point = tuple[float, float]

LONGEST_SIDE = 768
"""Pixels to which larger photographs are shrunk."""

WITHOUT_THINGS = (
    "brick",
    "cell",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "page",
    "retina",
    "rocket",
    "text",
)
"""Photographs of scikit-image that show neither people nor faces nor any of COCO's 80 things."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph with what is in it.

    Attributes:
        name: as scikit-image calls it.
        picture: UINT8 [height, width, 3].
        thing: COCO's word for what it is of.
        box: of that.
        also: other COCO things that are in it, and may be told of.
        labels: ImageNet's words for its middle, any of which is right; empty where ImageNet has none.
        face: of the person who looks at the camera, forehead to chin.
        joints: of the person, x and y by COCO's name; only those that can be seen or guessed.
    """

    name: str
    picture: UInt8Array
    thing: str
    box: Box
    also: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    face: Box | None = None
    joints: Mapping[str, Point] = field(default_factory=dict)


@cache
def known_photographs() -> tuple[Photograph, ...]:
    """An astronaut, a man with a camera, a cat, a cup of coffee and a motorcycle."""
    return (
        Photograph(
            "astronaut",
            photograph("astronaut"),
            "person",
            (19, 15, 364, 512),
            face=(178, 72, 270, 178),
            joints={
                "nose": (224, 127),
                "right_eye": (203, 101),
                "left_eye": (246, 104),
                "right_ear": (177, 118),
                "left_ear": (272, 125),
                "right_shoulder": (95, 245),
                "left_shoulder": (325, 260),
            },
        ),
        Photograph(
            "camera",
            photograph("camera"),
            "person",
            (0, 63, 331, 512),
            labels=("tripod",),
            joints={"nose": (254, 168), "right_eye": (237, 148), "right_ear": (188, 141), "right_shoulder": (110, 170)},
        ),
        Photograph("chelsea", photograph("chelsea"), "cat", (0, 0, 398, 300), labels=_CATS),
        Photograph(
            "coffee",
            photograph("coffee"),
            "cup",
            (173, 18, 408, 306),
            also=("spoon", "dining table"),
            labels=("espresso", "cup", "coffee mug"),
        ),
        Photograph(
            "stereo_motorcycle",
            photograph("stereo_motorcycle"),
            "motorcycle",
            (92, 78, 684, 453),
            also=("bench", "bicycle", "bottle"),
        ),
    )


def photographs_without_things() -> tuple[UInt8Array, ...]:
    """Those of `WITHOUT_THINGS`."""
    return tuple(photograph(name) for name in WITHOUT_THINGS)


@cache
def photograph(name: str) -> UInt8Array:
    """One of scikit-image's photographs as UINT8 [height, width, 3], its longer side at most `LONGEST_SIDE`."""
    from skimage import data

    loaded = getattr(data, name)()
    picture = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded, np.uint8)
    if picture.ndim == 2:
        picture = np.stack([picture] * 3, axis=-1)
    height, width, _ = picture.shape
    factor = min(1.0, LONGEST_SIDE / max(height, width))
    return resized(picture[..., :3], round(width * factor), round(height * factor))


_CATS = ("tabby", "tiger cat", "Egyptian cat")
