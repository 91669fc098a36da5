"""DPM-Solver++ 2M, midpoint (https://arxiv.org/abs/2211.01095, algorithm 2), in diffusers' default configuration."""

from __future__ import annotations

import numpy as np

from visgate_server.diffusion.schedulers.noise_schedule import NoiseSchedule
from visgate_server.diffusion.schedulers.step_table import StepCoefficients, StepTable, step_rows
from visgate_server.diffusion.schedulers.x0_prediction import x0_where_variance_is_preserved


def dpm_solver_plus_plus(noise: NoiseSchedule, steps: int, first: int) -> StepTable:
    """The table of DPM-Solver++; the arguments are those of `ddim`.

    The first step has no x0 before it, and after the last no noise is left (its log signal-to-noise ratio is
    infinite): both are first-order steps.
    """
    spaced = np.linspace(0, noise.timesteps - 1, steps + 1).round().astype(np.int64)[:0:-1]
    timesteps = spaced[first:]
    sigmas = noise.sigmas[timesteps]
    following = np.append(sigmas[1:], 0.0)
    alphas, following_alphas = 1 / np.sqrt(sigmas**2 + 1), 1 / np.sqrt(following**2 + 1)
    # With λ = log(1 / sigma) the log signal-to-noise ratio, e^(−h) = following / sigmas, where h is the step in λ.
    from_x0 = following_alphas * (1 - following / sigmas)
    extrapolation = np.zeros(len(timesteps))
    if len(timesteps) > 2:
        before, at, after = sigmas[:-2], sigmas[1:-1], sigmas[2:]
        extrapolation[1:-1] = 0.5 * np.log(at / after) / np.log(before / at)
    x0_from_latents, x0_from_noise = x0_where_variance_is_preserved(sigmas, noise.predicts_velocity)
    return StepTable(
        rows=step_rows(
            StepCoefficients(
                timestep=timesteps.astype(np.float64),
                input_scale=np.ones(len(timesteps)),
                x0_from_latents=x0_from_latents,
                x0_from_noise=x0_from_noise,
                next_from_latents=following * following_alphas / (sigmas * alphas),
                next_from_x0=from_x0 * (1 + extrapolation),
                next_from_previous_x0=-from_x0 * extrapolation,
                next_from_fresh_noise=np.zeros(len(timesteps)),
            )
        ),
        pure_noise_scale=1.0,
        picture_scale=float(alphas[0]),
        picture_noise_scale=float(sigmas[0] * alphas[0]),
    )
