"""What requests cost that are left before they are finished: steps after that, and memory; times nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import numpy as np
import psutil

from benchmarks.engine_jobs import Job, jobs
from benchmarks.engine_listening import Caller, running
from benchmarks.engine_served import TIMEOUT_S, leave, steps_after_leaving, watch
from visgate_client import AsyncVisionClient
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile

_TOGETHER = 10
"""Requests of one kind in flight at once while memory is looked at."""


@dataclass(frozen=True)
class Leaving:
    """What those who left cost.

    Attributes:
        steps_in_engine: UNet calls that ended after a caller in the engine's process left, the one under way included.
        steps_served: steps beyond the last that a caller over gRPC had seen when it left.
        requests: that were finished or left between the two looks at memory.
        rss_before: of the model's process, bytes.
        rss_after: the same after those requests.
    """

    steps_in_engine: tuple[int, ...]
    steps_served: tuple[int, ...]
    requests: int
    rss_before: int
    rss_after: int

    @property
    def growth(self) -> float:
        """How much of its memory the process has gained, as a share of it; below 0 where it lost some."""
        return self.rss_after / self.rss_before - 1


def leave_engine(networks: DiffusionNetworks, profile: DiffusionProfile, rounds: int) -> tuple[int, ...]:
    """Counts the UNet calls after a caller left at any moment between or during steps."""
    engine = DiffusionEngine(networks, profile, EngineLimits())
    random = np.random.default_rng(0)
    [job] = jobs([60])
    counts = []
    with running(engine):
        for _ in range(rounds):
            caller = Caller()
            engine.add(job.request(profile), caller)
            caller.wait_for_step(int(random.integers(2, 12)))
            time.sleep(float(random.uniform(0, 0.01)))
            calls = engine.unet_calls
            caller.wants_out = True
            caller.wait_until_over()
            counts.append(engine.unet_calls - calls)
    return tuple(counts)


def leave_server(address: str, rounds: int) -> tuple[int, ...]:
    """Counts the steps after callers over gRPC left."""
    job, company = jobs([60, 60])[0], jobs([90])[0]
    return tuple(asyncio.run(steps_after_leaving(address, job, company, leave_at=5, rounds=rounds)))


def memory_after(address: str, process: psutil.Process, requests: int) -> tuple[int, int]:
    """Resident bytes of the model's process before and after so many requests, half finished and half left.

    A fifth of that many come before the first look, so that what is allocated once is there.
    """
    return asyncio.run(_memory_after(address, process, requests))


async def _memory_after(address: str, process: psutil.Process, requests: int) -> tuple[int, int]:
    rounds = -(-requests // (2 * _TOGETHER))
    async with AsyncVisionClient(address, timeout=TIMEOUT_S) as client:
        for _ in range(-(-rounds // 5)):
            await _finish_and_leave(client)
        before: int = process.memory_info().rss
        for _ in range(rounds):
            await _finish_and_leave(client)
        await _settle(client)
        after: int = process.memory_info().rss
    return before, after


async def _finish_and_leave(client: AsyncVisionClient) -> None:
    finishing, leaving = jobs([1] * _TOGETHER), jobs([50] * _TOGETHER)
    await asyncio.gather(*(watch(client, job, time.perf_counter()) for job in finishing))
    await asyncio.gather(*(leave(client, job, at=1) for job in leaving))


async def _settle(client: AsyncVisionClient) -> None:
    """One drawing alone: when it is there, those who left before it are gone too."""
    job: Job = jobs([1])[0]
    await watch(client, job, time.perf_counter())
