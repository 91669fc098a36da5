"""Reads a drawing tool's arguments as a request to the diffusion engine; draws nothing.

Pictures are fitted to the drawing's size here already, not when their turn comes: requests that wait hold little
memory then, and the engine's loop has that much less to do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from visgate_server.diffusion.control_pictures import CONTROL_FITS, fit_control_picture
from visgate_server.diffusion.draw_request import Control, DrawRequest
from visgate_server.diffusion.fitted_pictures import MASKED_FROM
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.errors import InvalidArgumentError
from visgate_server.image_processing.resizing import resized
from visgate_server.inpainting_patch import InpaintingPatch, inpainting_patch
from visgate_server.models.upscale_image import FACTOR
from visgate_server.tool_model import Image, ToolRequest

MAX_PROMPT_CHARACTERS = 2000
"""Far more than the 75 tokens that a text encoder reads; more than that is a mistake."""

SEEDS = 2**31
"""Seeds are below this where the server chooses them."""

Fields = dict[str, Any]
"""Values for fields of a `DrawRequest`."""


@dataclass(frozen=True, eq=False)
class DrawingPlan:
    """What a request comes to.

    Attributes:
        request: for the engine.
        patch: where the drawing goes, if it is a part of a picture.
    """

    request: DrawRequest
    patch: InpaintingPatch | None = None


def plan_drawing(request: ToolRequest, profile: DiffusionProfile) -> DrawingPlan:
    """What to draw, with the profile's size and guidance, and a seed, where the request leaves those open.

    Raises:
        InvalidArgumentError: a prompt is empty or far too long, or a mask does not fit its picture. What the engine
            cannot draw it refuses itself.
    """
    operation = request.text("operation")
    patch = _patch(request, profile) if operation == "inpaint" else None
    if patch is not None:
        width = height = profile.side
        fields = _inpaint(patch)
    else:
        width, height = _size(request, profile)
        fields = _OPERATIONS[operation](request, width, height)
    drawn = DrawRequest(
        prompt=_prompt(request, "prompt", required=True),
        negative_prompt=_prompt(request, "negative_prompt"),
        steps=request.integer("steps"),
        guidance=request.number("guidance") or profile.guidance_of(fields.get("unet", "base")),
        seed=seed_of(request),
        scheduler=request.text("scheduler"),
        image_guidance=request.number("image_guidance") or profile.default_image_guidance,
        width=width,
        height=height,
        preview_every=request.integer("preview_every"),
        **fields,
    )
    return DrawingPlan(drawn, patch)


def _prompt(request: ToolRequest, name: str, *, required: bool = False) -> str:
    text = request.text(name).strip()
    if required and not text:
        raise InvalidArgumentError(f"input {name.upper()} is empty: say what to draw")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise InvalidArgumentError(
            f"input {name.upper()} has {len(text)} characters; at most {MAX_PROMPT_CHARACTERS} are taken, and about 75 "
            "words are looked at: say it more shortly"
        )
    return text


def seed_of(request: ToolRequest) -> int:
    """The seed that a request gives, or any where it gives none."""
    seed = request.integer("seed")
    return seed if seed >= 0 else secrets.randbelow(SEEDS)


def _size(request: ToolRequest, profile: DiffusionProfile) -> tuple[int, int]:
    """Width and height in pixels; the picture's shape, or a square, where the request gives neither."""
    width, height = request.integer("width"), request.integer("height")
    if width or height:
        return width or profile.side, height or profile.side
    image: Image | None = request.arguments["image"] if request.text("operation") != "text" else None
    if image is None:
        return profile.side, profile.side
    # As many pixels as the square has, in the picture's shape as nearly as whole multiples come.
    stretch = (image.shape[1] / image.shape[0]) ** 0.5
    return _whole(profile.side * stretch, profile), _whole(profile.side / stretch, profile)


def _whole(side: float, profile: DiffusionProfile) -> int:
    multiple = profile.size_multiple
    return min(max(round(side / multiple), 1) * multiple, profile.max_side // multiple * multiple)


def _from_text(request: ToolRequest, width: int, height: int) -> Fields:
    return {}


def _control(kind: str) -> Callable[[ToolRequest, int, int], Fields]:
    def fields(request: ToolRequest, width: int, height: int) -> Fields:
        picture = fit_control_picture(kind, request.image(), width, height)
        return {"control": Control(kind, picture, request.number("control_scale"))}

    return fields


def _redraw(request: ToolRequest, width: int, height: int) -> Fields:
    return {"image": resized(request.image(), width, height), "strength": request.number("strength")}


def _edit(request: ToolRequest, width: int, height: int) -> Fields:
    return {"unet": "edit", "image": resized(request.image(), width, height)}


def _inpaint(patch: InpaintingPatch) -> Fields:
    return {"unet": "inpaint", "image": patch.image_to_draw(), "mask": patch.mask_to_draw()}


def _patch(request: ToolRequest, profile: DiffusionProfile) -> InpaintingPatch:
    image, mask = request.image(), request.image("mask")
    if image.shape != mask.shape:
        raise InvalidArgumentError(
            f"input MASK has {mask.shape[1]} × {mask.shape[0]} pixels and input IMAGE {image.shape[1]} × "
            f"{image.shape[0]}: give a mask of the picture's size"
        )
    redrawn = mask.max(axis=2) >= MASKED_FROM
    if not redrawn.any():
        raise InvalidArgumentError("input MASK has no white in it: make white what is to be drawn anew")
    return inpainting_patch(image, redrawn, profile.side, FACTOR)


_OPERATIONS: Mapping[str, Callable[[ToolRequest, int, int], Fields]] = MappingProxyType(
    {"text": _from_text, "redraw": _redraw, "edit": _edit, **{kind: _control(kind) for kind in CONTROL_FITS}}
)
