"""The numbers of a request's steps, all computed before the first; see the package's formula."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class StepCoefficients:
    """The numbers of the package's formula, each an array with an element a step (or a row, in a batch)."""

    timestep: Floats
    input_scale: Floats
    x0_from_latents: Floats
    x0_from_noise: Floats
    next_from_latents: Floats
    next_from_x0: Floats
    next_from_previous_x0: Floats
    next_from_fresh_noise: Floats


COLUMNS = tuple(field.name for field in fields(StepCoefficients))


@dataclass(frozen=True)
class StepTable:
    """A request's schedule.

    Attributes:
        rows: float32 [steps, 8], the columns in the order of `COLUMNS`.
        pure_noise_scale: standard deviation of the first latents where they start from noise alone.
        picture_scale: share of a picture's latents in the first latents where they start from a picture.
        picture_noise_scale: share of noise beside it.
    """

    rows: Float32Array
    pure_noise_scale: float
    picture_scale: float
    picture_noise_scale: float

    @property
    def steps(self) -> int:
        """Steps to run."""
        return len(self.rows)


def step_rows(coefficients: StepCoefficients) -> Float32Array:
    """The coefficients as the rows of a `StepTable`."""
    columns: list[Floats] = [getattr(coefficients, name) for name in COLUMNS]
    return np.stack(columns, axis=1).astype(np.float32)
