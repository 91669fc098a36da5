"""DDIM without added noise (https://arxiv.org/abs/2010.02502, eq. 12, η = 0), configured as Stable Diffusion 1.5."""

from __future__ import annotations

import numpy as np

from visgate_server.diffusion.schedulers.noise_schedule import NoiseSchedule
from visgate_server.diffusion.schedulers.step_table import StepCoefficients, StepTable, step_rows
from visgate_server.diffusion.schedulers.x0_prediction import x0_where_variance_is_preserved


def ddim(noise: NoiseSchedule, steps: int, first: int) -> StepTable:
    """The table of DDIM.

    Args:
        noise: what the UNet was trained with.
        steps: of the whole schedule.
        first: the step to begin with, from 0; above 0 where the drawing starts from a picture.
    """
    timesteps = noise.leading_timesteps(steps)[first:]
    alphas_cumprod = noise.alphas_cumprod[timesteps]
    # The step after the last leads to timestep 0 of the training schedule, not to a picture without any noise
    # (`set_alpha_to_one` is off for Stable Diffusion).
    following = np.maximum(timesteps - noise.timesteps // steps, 0)
    following_cumprod = noise.alphas_cumprod[following]
    from_latents = np.sqrt((1 - following_cumprod) / (1 - alphas_cumprod))
    sigmas = np.sqrt((1 - alphas_cumprod) / alphas_cumprod)
    x0_from_latents, x0_from_noise = x0_where_variance_is_preserved(sigmas, noise.predicts_velocity)
    return StepTable(
        rows=step_rows(
            StepCoefficients(
                timestep=timesteps.astype(np.float64),
                input_scale=np.ones(len(timesteps)),
                x0_from_latents=x0_from_latents,
                x0_from_noise=x0_from_noise,
                next_from_latents=from_latents,
                next_from_x0=np.sqrt(following_cumprod) - from_latents * np.sqrt(alphas_cumprod),
                next_from_previous_x0=np.zeros(len(timesteps)),
                next_from_fresh_noise=np.zeros(len(timesteps)),
            )
        ),
        pure_noise_scale=1.0,
        picture_scale=float(np.sqrt(alphas_cumprod[0])),
        picture_noise_scale=float(np.sqrt(1 - alphas_cumprod[0])),
    )
