"""Guesses at a drawing while it is made, without the autoencoder; runs no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.image_processing.resizing import resized

PREVIEW_SIDE = 64
"""Latents are enlarged by a whole factor to about this many pixels, and sent as they are where there are more."""


class Previewer:
    """Turns latents into small pictures with a linear map that was fitted to the autoencoder."""

    def __init__(self, profile: DiffusionProfile) -> None:
        self._latent_rgb = 255 * np.array(profile.latent_rgb, np.float32)
        self._bias = 255 * np.array(profile.latent_rgb_bias, np.float32)

    def preview(self, x0: NDArray[np.float32]) -> UInt8Array:
        """A small picture of clean latents.

        Args:
            x0: float32 [C, h, w].

        Returns:
            UINT8 [k h, k w, 3], 0–255, with a whole k that brings the longer side to about `PREVIEW_SIDE`.
        """
        height, width = x0.shape[1:]
        colours = np.tensordot(x0, self._latent_rgb, axes=(0, 0)) + self._bias
        picture = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
        enlarging = max(1, PREVIEW_SIDE // max(height, width))
        return resized(picture, enlarging * width, enlarging * height)
