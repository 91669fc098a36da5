"""Refuses requests that the engine cannot draw, before they cost anything; fits and draws nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable

from visgate_server.diffusion.control_pictures import CONTROL_FITS
from visgate_server.diffusion.draw_request import DrawRequest, UInt8Array
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.diffusion.schedulers import SCHEDULERS
from visgate_server.errors import InvalidArgumentError

MOST_STEPS = 150
MOST_GUIDANCE = 30.0
MOST_CONTROL = 2.0


def check_request(request: DrawRequest, profile: DiffusionProfile) -> None:
    """Checks every argument of a request.

    Raises:
        InvalidArgumentError: one of them is wrong; the message names it and says what is accepted.
    """
    _check_numbers(request)
    _check_size(request, profile)
    _one_of("scheduler", request.scheduler, SCHEDULERS)
    _one_of("unet", request.unet, profile.unets)
    _check_pictures(request)
    _check_control(request, profile)


def steps_to_run(request: DrawRequest) -> int:
    """Steps of the schedule that remain where the drawing starts from a picture (diffusers' `get_timesteps`)."""
    return min(int(request.steps * request.strength), request.steps)


def _check_numbers(request: DrawRequest) -> None:
    _within("steps", request.steps, 1, MOST_STEPS)
    _within("guidance", request.guidance, 0, MOST_GUIDANCE)
    _within("image_guidance", request.image_guidance, 0, MOST_GUIDANCE)
    _within("preview_every", request.preview_every, 0, MOST_STEPS)
    _within("seed", request.seed, 0, 2**63 - 1)
    _within("strength", request.strength, 0, 1)
    if steps_to_run(request) < 1:
        raise InvalidArgumentError(
            f"strength {request.strength:g} of {request.steps} steps leaves none to run: raise one of them until "
            "their product is at least 1"
        )


def _check_size(request: DrawRequest, profile: DiffusionProfile) -> None:
    multiple = profile.size_multiple
    for name, value in (("width", request.width), ("height", request.height)):
        _within(name, value, multiple, profile.max_side)
        if value % multiple:
            raise InvalidArgumentError(f"{name} is {value}: it must be a multiple of {multiple}")


def _check_pictures(request: DrawRequest) -> None:
    if request.image is None:
        if request.unet != "base":
            raise InvalidArgumentError(f"image is missing: {request.unet} works on a picture")
        if request.strength != 1:
            raise InvalidArgumentError("strength below 1 needs an image to start from: give one, or leave strength out")
    else:
        if request.unet == "edit" and request.strength != 1:
            raise InvalidArgumentError("strength does not apply to edit: set image_guidance to keep to the image")
        _check_picture("image", request.image)
    if (request.mask is not None) != (request.unet == "inpaint"):
        raise InvalidArgumentError("a mask belongs to the inpaint UNet, which needs one: give both or neither")
    if request.mask is not None and (request.mask.ndim != 2 or request.mask.dtype.name != "uint8"):
        raise InvalidArgumentError("mask must be UINT8 [height, width]")


def _check_control(request: DrawRequest, profile: DiffusionProfile) -> None:
    control = request.control
    if control is None:
        return
    if request.unet != "base":
        raise InvalidArgumentError(f"a control picture works with the base UNet only, not with {request.unet}")
    _one_of("control kind", control.kind, (kind for kind in CONTROL_FITS if kind in profile.controls))
    _within("control scale", control.scale, 0, MOST_CONTROL)
    _check_picture("control picture", control.picture)


def _check_picture(name: str, picture: UInt8Array) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype.name != "uint8" or not picture.size:
        raise InvalidArgumentError(f"{name} must be UINT8 [height, width, 3] and have pixels")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise InvalidArgumentError(f"{name} is {value}: it must be from {least:g} to {most:g}")


def _one_of(name: str, value: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if value not in names:
        raise InvalidArgumentError(f"{name} {value!r} is not known here: use one of {', '.join(names) or '(none)'}")
