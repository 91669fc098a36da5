"""What every tool is called with when its cost is measured: something new each time, so that no cache answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from benchmarks.served_call import photo
from visgate_export.pocket.captions import PLAIN, caption
from visgate_export.pocket.changed_scenes import other_colour, other_object
from visgate_export.pocket.control_kinds import CONTROL_STARTS
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, place, sample_combination
from visgate_export.pocket.sprites import read_sprites

UInt8Array = NDArray[np.uint8]
Arguments = dict[str, Any]

ENLARGED = 4
"""A scene is given as the drawing tools return it: 256 × 256 pixels."""
_SEED = 70_001
_LOW, _HIGH = 100, 200


@dataclass(frozen=True)
class CostedCall:
    """One tool, and what it is called with.

    Attributes:
        tool: its name.
        given: what it is given, in a few words.
        arguments: for the call of that number, from 0; everything else is as the tool has it by default.
    """

    tool: str
    given: str
    arguments: Callable[[int], Arguments]

    @property
    def name(self) -> str:
        """For people, and to tell it from a tool's other calls."""
        return f"{self.tool}, {self.given}"


def costed_calls() -> tuple[CostedCall, ...]:
    """Each tool at least once; those that treat photographs and drawings in different ways have both."""
    photos = (
        "detect_edges",
        "detect_soft_edges",
        "detect_sketch",
        "detect_lines",
        "detect_pose",
        "detect_objects",
        "detect_faces",
        "segment_person",
        "remove_background",
        "classify_image",
        "describe_image",
    )
    drawings = ("estimate_depth", "estimate_normals", "segment_image", "remove_background", "caption_image")
    controlled = (f"image_from_{kind}" for kind in CONTROL_STARTS)
    return (
        *(CostedCall(tool, "photo of 512²", _photo) for tool in photos),
        CostedCall("read_text", "printed page of 384 × 191", _page),
        CostedCall("upscale_image", "photo of 256²", _small_photo),
        *(CostedCall(tool, "drawing of 256²", _drawing) for tool in drawings),
        CostedCall("answer_question", "drawing of 256²", _question),
        *(CostedCall(tool, "drawing of 256²", _present) for tool in ("find_object", "segment_object")),
        *(CostedCall(tool, "photo of 512²", _person) for tool in ("find_object", "segment_object")),
        CostedCall("generate_image", "20 steps, enlarged", _drawn),
        *(CostedCall(tool, "20 steps, enlarged", _controlled) for tool in controlled),
        CostedCall("redraw_image", "drawing of 256², 20 steps of which 12 are taken, enlarged", _redrawn),
        CostedCall("edit_image", "drawing of 256², 20 steps, enlarged", _edited),
        CostedCall("inpaint_image", "drawing of 256², 20 steps", _inpainted),
        CostedCall("remove_object", "drawing of 256², 20 steps", _present),
        CostedCall("replace_object", "drawing of 256², 20 steps", _replaced),
        CostedCall("extend_image", "drawing of 256² to 384², 20 steps a tile", _drawing),
    )


def _photo(number: int) -> Arguments:
    return {"image": photo(number)}


def _small_photo(number: int) -> Arguments:
    return {"image": np.ascontiguousarray(photo(number)[:256, :256])}


def _page(number: int) -> Arguments:
    page = np.stack([np.asarray(skimage.data.page(), np.uint8)] * 3, axis=-1)
    page[0, :4] = photo(number)[0, :4]
    return {"image": page}


def _person(number: int) -> Arguments:
    return {"image": photo(number), "object": "the person"}


def _drawing(number: int) -> Arguments:
    return {"image": _picture(number)}


def _question(number: int) -> Arguments:
    return {**_drawing(number), "question": "what is in the picture?"}


def _present(number: int) -> Arguments:
    return {**_drawing(number), "object": f"the {_scene(number).combination.objects[0]}"}


def _replaced(number: int) -> Arguments:
    replacement = other_object(_scene(number), np.random.default_rng(number))
    return {**_present(number), "replacement": replacement}


def _drawn(number: int) -> Arguments:
    words = caption(_scene(number).combination, np.random.default_rng(number), PLAIN, plain_names=True)
    return {"prompt": words.text}


def _controlled(number: int) -> Arguments:
    # The edges of a scene for every kind of ControlNet: what a drawing costs does not depend on what it follows.
    edges = cv2.Canny(_picture(number), _LOW, _HIGH)
    return {**_drawn(number), "image": np.stack([edges] * 3, axis=-1)}


def _redrawn(number: int) -> Arguments:
    return {**_drawn(number), **_drawing(number)}


def _edited(number: int) -> Arguments:
    colour = other_colour(_scene(number), np.random.default_rng(number))
    return {**_drawing(number), "prompt": f"make the background {colour}"}


def _inpainted(number: int) -> Arguments:
    square = _scene(number).objects[0]
    mask = np.zeros((*_picture(number).shape[:2], 3), np.uint8)
    rows, columns = (slice(start * ENLARGED, (start + square.side) * ENLARGED) for start in (square.top, square.left))
    mask[rows, columns] = 255
    return {**_drawing(number), "mask": mask, "prompt": "background"}


def _picture(number: int) -> UInt8Array:
    """A scene enlarged plainly, UINT8 [256, 256, 3]."""
    small = _renderer().picture(_scene(number))
    return np.asarray(cv2.resize(small, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)


def _scene(number: int) -> Scene:
    random = np.random.default_rng((_SEED, number))
    return place(sample_combination(random, held_out=True), random)


@cache
def _renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())
