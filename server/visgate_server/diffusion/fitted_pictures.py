"""A request's pictures at the drawing's size, as the networks take them; runs no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visgate_server.diffusion.control_pictures import fit_control_picture
from visgate_server.diffusion.draw_request import DrawRequest, UInt8Array
from visgate_server.diffusion.schedulers.step_table import Float32Array
from visgate_server.image_processing.resizing import resized

MID_GREY = 128
"""What stands under the mask for the inpainting UNet: 0 on the autoencoder's scale of −1 to 1."""
MASKED_FROM = 128
"""A mask's pixel of this level or more is drawn anew."""


@dataclass(frozen=True)
class FittedPictures:
    """A request's pictures.

    Attributes:
        start: what the first latents are made from, UINT8 [height, width, 3].
        guide: what the edit or inpaint UNet sees beside the latents, UINT8 [height, width, 3].
        mask: 1 where the inpaint UNet redraws, float32 [1, h, w], an element a latent.
        control: what the ControlNet sees, UINT8 [height, width, 3].
    """

    start: UInt8Array | None
    guide: UInt8Array | None
    mask: Float32Array | None
    control: UInt8Array | None


def fit_pictures(request: DrawRequest, latent_scale: int) -> FittedPictures:
    """Fits the pictures of a checked request.

    Args:
        request: checked.
        latent_scale: pixels per latent, each way.
    """
    width, height = request.width, request.height
    image = None if request.image is None else resized(request.image, width, height)
    # As in diffusers' pipelines: edit always begins with noise, inpaint does at full strength.
    from_noise = request.unet == "edit" or (request.unet == "inpaint" and request.strength == 1)
    guide, mask = (image, None) if request.unet == "edit" else (None, None)
    if image is not None and request.mask is not None:
        redrawn = resized(request.mask, width, height) >= MASKED_FROM
        guide = np.where(redrawn[..., None], np.uint8(MID_GREY), image)
        mask = redrawn[None, ::latent_scale, ::latent_scale].astype(np.float32)
    control = request.control
    return FittedPictures(
        start=None if from_noise else image,
        guide=guide,
        mask=mask,
        control=None if control is None else fit_control_picture(control.kind, control.picture, width, height),
    )
