"""Euler's method on the probability flow, plain and ancestral; configured as Stable Diffusion 1.5.

Plain: https://arxiv.org/abs/2206.00364, algorithm 2 without churn and second order. The ancestral split of a step into
one that goes too far and fresh noise is k-diffusion's `get_ancestral_step`.
"""

from __future__ import annotations

import numpy as np

from visgate_server.diffusion.schedulers.noise_schedule import Float64Array, NoiseSchedule
from visgate_server.diffusion.schedulers.step_table import StepCoefficients, StepTable, step_rows
from visgate_server.diffusion.schedulers.x0_prediction import x0_where_variance_explodes


def euler(noise: NoiseSchedule, steps: int, first: int) -> StepTable:
    """The table of Euler's method; the arguments are those of `ddim`."""
    sigmas = _sigmas(noise, steps)
    return _table(noise, sigmas, first, down_to=sigmas[1:], fresh_noise=np.zeros(steps))


def euler_ancestral(noise: NoiseSchedule, steps: int, first: int) -> StepTable:
    """The table of Euler's method that goes below the next noise level and adds noise up to it; as `ddim`."""
    sigmas = _sigmas(noise, steps)
    level, following = sigmas[:-1], sigmas[1:]
    fresh_noise = np.sqrt(following**2 * (level**2 - following**2) / level**2)
    return _table(noise, sigmas, first, down_to=np.sqrt(following**2 - fresh_noise**2), fresh_noise=fresh_noise)


def _sigmas(noise: NoiseSchedule, steps: int) -> Float64Array:
    """Noise level before each step and after the last, float64 [steps + 1]."""
    return np.append(noise.sigmas[noise.leading_timesteps(steps)], 0.0)


def _table(
    noise: NoiseSchedule, sigmas: Float64Array, first: int, *, down_to: Float64Array, fresh_noise: Float64Array
) -> StepTable:
    levels = sigmas[first:-1]
    kept = down_to[first:] / levels
    x0_from_latents, x0_from_noise = x0_where_variance_explodes(levels, noise.predicts_velocity)
    return StepTable(
        rows=step_rows(
            StepCoefficients(
                timestep=noise.leading_timesteps(len(levels) + first)[first:].astype(np.float64),
                input_scale=1 / np.sqrt(levels**2 + 1),
                x0_from_latents=x0_from_latents,
                x0_from_noise=x0_from_noise,
                next_from_latents=kept,
                next_from_x0=np.ones_like(kept) - kept,
                next_from_previous_x0=np.zeros(len(levels)),
                next_from_fresh_noise=fresh_noise[first:],
            )
        ),
        pure_noise_scale=float(np.sqrt(sigmas[0] ** 2 + 1)),
        picture_scale=1.0,
        picture_noise_scale=float(levels[0]),
    )
