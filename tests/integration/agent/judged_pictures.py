"""Looks at pictures of drawn scenes of any size, and tells what they show."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visgate_export.pocket.edits.styles import STYLES
from visgate_export.pocket.judge import Judge, SeenObject
from visgate_export.pocket.quality import edge_agreement
from visgate_export.pocket.scenes import SIDE

UInt8Array = NDArray[np.uint8]


class Eyes:
    """Sees as the judge does, at 64 × 64 pixels; it was trained apart, on real renderings alone."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def objects(self, picture: Image.Image) -> tuple[SeenObject, ...]:
        """What stands in a picture; places are pixels of 64 × 64."""
        return self._judge.look(small(picture)[None])[0].objects

    def names(self, picture: Image.Image) -> set[str]:
        return {seen.name for seen in self.objects(picture)}

    def background(self, picture: Image.Image) -> str:
        return self._judge.look(small(picture)[None])[0].background


def small(picture: Image.Image) -> UInt8Array:
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))


def is_nearer_to_style(picture: Image.Image, before: Image.Image, style: str) -> bool:
    """Whether a picture is nearer to its predecessor in a style than the predecessor as it was."""
    wanted = STYLES[style](small(before)).astype(float)
    return bool(np.abs(small(picture) - wanted).mean() < np.abs(small(before) - wanted).mean())


def edges_followed(picture: Image.Image, edges: Image.Image) -> float:
    """How well a picture's edges agree with an edge picture's, as an F-score, 0-1."""
    own = cv2.Canny(small(picture), 70, 140) > 0
    return edge_agreement(own, small(edges)[..., 0] > 64)


def kept_share(picture: Image.Image, before: Image.Image) -> float:
    """Which share of a picture's pixels stand unchanged at the left of a wider one, 0-1."""
    old, new = np.asarray(before.convert("RGB")), np.asarray(picture.convert("RGB"))
    same = np.abs(new[: old.shape[0], : old.shape[1]].astype(int) - old).max(axis=2) <= 2
    return float(same.mean())


def mask_at(mask: Image.Image, seen: SeenObject) -> bool:
    """Whether a mask is white in the middle of an object that was seen."""
    return bool(small(mask)[int(seen.down), int(seen.across), 0] > 127)
