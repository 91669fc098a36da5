"""The schedulers by the name that a request gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from visgate_server.diffusion.schedulers.ddim import ddim
from visgate_server.diffusion.schedulers.dpm_solver import dpm_solver_plus_plus
from visgate_server.diffusion.schedulers.euler import euler, euler_ancestral
from visgate_server.diffusion.schedulers.noise_schedule import NoiseSchedule
from visgate_server.diffusion.schedulers.step_table import StepTable


class Scheduler(Protocol):
    """Computes the table of a request's steps."""

    def __call__(self, noise: NoiseSchedule, steps: int, first: int) -> StepTable:
        """The table of steps `first` to the last of a schedule of `steps`."""
        ...


SCHEDULERS: Mapping[str, Scheduler] = MappingProxyType(
    {
        "ddim": ddim,
        "euler": euler,
        "euler_ancestral": euler_ancestral,
        "dpm_solver++": dpm_solver_plus_plus,
    }
)
