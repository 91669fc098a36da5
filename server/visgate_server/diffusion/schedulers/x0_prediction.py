"""How the clean latents follow from the noisy ones and what the UNet says, in the two scalings that schedulers use."""

from __future__ import annotations

import numpy as np

from visgate_server.diffusion.schedulers.noise_schedule import Float64Array

Coefficients = tuple[Float64Array, Float64Array]
"""(of the latents, of the UNet's output)."""


def x0_where_variance_is_preserved(sigmas: Float64Array, predicts_velocity: bool) -> Coefficients:
    """For latents x = α · x0 + √(1 − α²) · noise, with sigma = √(1 − α²) / α."""
    alphas = 1 / np.sqrt(sigmas**2 + 1)
    if predicts_velocity:
        return alphas, -sigmas * alphas
    return 1 / alphas, -sigmas


def x0_where_variance_explodes(sigmas: Float64Array, predicts_velocity: bool) -> Coefficients:
    """For latents x = x0 + sigma · noise (the input of the UNet is scaled by 1 / √(sigma² + 1))."""
    if predicts_velocity:
        return 1 / (sigmas**2 + 1), -sigmas / np.sqrt(sigmas**2 + 1)
    return np.ones_like(sigmas), -sigmas
