"""Measures what the denoising networks alone cost at each number of rows; knows nothing about requests or batching.

They run in this process as the server opens them: the same files, ONNX Runtime options and threads.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine_jobs import Job
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.profile import DiffusionProfile
from visgate_server.networks import Network, Tensors

UNET = "unet"
UNET_ROWS = (1, 2, 4, 8, 16, 32)
CONTROL_ROWS = (1, 2, 4, 6, 8, 16)
GUIDED_ROWS = 2
"""Rows of a request in every UNet and ControlNet call: with the prompt and without."""

_WARM_UP = 3


@dataclass(frozen=True)
class Curves:
    """Milliseconds of a run of each network, at the median, by the network's name and the number of rows."""

    ms: Mapping[str, Mapping[int, float]]

    def cost(self, network: str, rows: float) -> float:
        """Milliseconds of a run with that many rows, between measured ones in proportion."""
        curve = self.ms[network]
        return float(np.interp(rows, list(curve), list(curve.values()))) if rows else 0.0


def measure_curves(networks: DiffusionNetworks, profile: DiffusionProfile, repeats: int) -> Curves:
    """Times the UNet and the ControlNets, all numbers of rows in turns, so that what else runs falls on all of them."""
    runs: list[tuple[str, int, Network, Tensors]] = []
    for rows in UNET_ROWS:
        runs.append((UNET, rows, networks.unets["base"], _unet_inputs(networks, profile, rows)))
    for kind, network in networks.controls.items():
        runs += [(kind, rows, network, _control_inputs(networks, profile, rows)) for rows in CONTROL_ROWS]
    times: dict[str, dict[int, list[float]]] = {name: {} for name, *_ in runs}
    for repeat in range(-_WARM_UP, repeats):
        for name, rows, network, inputs in runs:
            clock = time.perf_counter()
            network.run(inputs)
            if repeat >= 0:
                times[name].setdefault(rows, []).append((time.perf_counter() - clock) * 1e3)
    return Curves({name: {rows: statistics.median(t) for rows, t in curve.items()} for name, curve in times.items()})


def mean_of(before: Curves, after: Curves) -> Curves:
    """Halfway between two measurements."""
    return Curves(
        {
            name: {rows: (ms + after.ms[name][rows]) / 2 for rows, ms in curve.items()}
            for name, curve in before.ms.items()
        }
    )


def unet_speed_up(curves: Curves, jobs: Sequence[Job]) -> float:
    """How much faster one UNet call for all jobs is than a call for each."""
    alone = len(jobs) * curves.cost(UNET, GUIDED_ROWS)
    return alone / curves.cost(UNET, GUIDED_ROWS * len(jobs))


def step_speed_up(curves: Curves, jobs: Sequence[Job]) -> float:
    """How much faster a step of all jobs together is than a step of each, ControlNets included.

    Alone, a job's step is a UNet call of 2 rows and, with a control picture, a ControlNet call of 2 rows. Together
    they are one UNet call with all rows and one call a ControlNet with the rows of its own jobs.
    """
    alone = sum(step_cost(curves, [job]) for job in jobs)
    return alone / step_cost(curves, jobs)


def step_cost(curves: Curves, jobs: Sequence[Job]) -> float:
    """Milliseconds of one step of all jobs together: one UNet call, and one a kind of ControlNet."""
    kinds = Counter(job.kind for job in jobs if job.kind is not None)
    controls = sum(curves.cost(kind, GUIDED_ROWS * count) for kind, count in kinds.items())
    return curves.cost(UNET, GUIDED_ROWS * len(jobs)) + controls


def _common_inputs(networks: DiffusionNetworks, profile: DiffusionProfile, rows: int) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(rows)
    side = profile.side // profile.latent_scale
    ids = networks.tokenizer.encode("a cat left of an apple on a blue background").ids
    embedding = networks.text_encoder.run({"input_ids": ids[None]})["embedding"]
    return {
        "sample": random.standard_normal((rows, profile.latent_channels, side, side), np.float32),
        "timestep": np.full(rows, 500, np.float32),
        "embedding": np.repeat(embedding, rows, axis=0),
    }


def _unet_inputs(networks: DiffusionNetworks, profile: DiffusionProfile, rows: int) -> Tensors:
    side = profile.side // profile.latent_scale
    residuals = {r.name: np.zeros(r.shape(rows, side, side), np.float32) for r in profile.residuals}
    return {**_common_inputs(networks, profile, rows), **residuals}


def _control_inputs(networks: DiffusionNetworks, profile: DiffusionProfile, rows: int) -> Tensors:
    picture = np.zeros((rows, profile.side, profile.side, 3), np.uint8)
    return {**_common_inputs(networks, profile, rows), "control": picture}
