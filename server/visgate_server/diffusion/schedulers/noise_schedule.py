"""How much noise the UNet was trained with at each timestep; knows no scheduler."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.errors import NetworkError

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseSchedule:
    """The forward process: x = √alphas_cumprod[t] · x0 + √(1 − alphas_cumprod[t]) · noise.

    Attributes:
        alphas_cumprod: share of the picture in the variance at every training timestep, float64 [timesteps].
        predicts_velocity: the UNet predicts v (https://arxiv.org/abs/2202.00512) in place of the noise.
        steps_offset: added to timesteps that are spaced from the low end.
    """

    alphas_cumprod: Float64Array
    predicts_velocity: bool
    steps_offset: int

    @property
    def timesteps(self) -> int:
        """Timesteps of the training schedule."""
        return len(self.alphas_cumprod)

    @property
    def sigmas(self) -> Float64Array:
        """Noise to picture, √((1 − ᾱ) / ᾱ), at every training timestep, float64 [timesteps]."""
        return np.asarray(np.sqrt((1 - self.alphas_cumprod) / self.alphas_cumprod))

    def leading_timesteps(self, steps: int) -> NDArray[np.int64]:
        """Evenly spaced from the low end, highest first, as Stable Diffusion 1.5 is configured ("leading")."""
        spacing = self.timesteps // steps
        return np.arange(steps, dtype=np.int64)[::-1] * spacing + self.steps_offset


def noise_schedule(profile: DiffusionProfile) -> NoiseSchedule:
    """The schedule that a profile describes.

    Raises:
        NetworkError: the profile names a schedule or a prediction that is not known here.
    """
    if profile.beta_schedule == "scaled_linear":
        betas = np.linspace(profile.beta_start**0.5, profile.beta_end**0.5, profile.train_timesteps) ** 2
    elif profile.beta_schedule == "linear":
        betas = np.linspace(profile.beta_start, profile.beta_end, profile.train_timesteps)
    else:
        raise NetworkError(f"beta_schedule {profile.beta_schedule!r} is neither scaled_linear nor linear")
    if profile.prediction not in ("epsilon", "v_prediction"):
        raise NetworkError(f"prediction {profile.prediction!r} is neither epsilon nor v_prediction")
    return NoiseSchedule(np.cumprod(1 - betas), profile.prediction == "v_prediction", profile.steps_offset)
