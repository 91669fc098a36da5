"""Draws the same requests at once and one after another through a real Triton; judges nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from benchmarks.engine_jobs import Job
from visgate_client import AsyncVisionClient, Progress, ToolResult

TIMEOUT_S = 600.0
"""Far more than any call takes: a benchmark on a busy machine is to be slow, not to fail."""


@dataclass(frozen=True)
class Served:
    """One drawing as its caller saw it; times since all callers came, in milliseconds.

    Attributes:
        first_preview_ms: the first picture of it; the drawing itself where no preview came before.
        finished_ms: the drawing.
        unet_calls: UNet calls that it took part in, as the server tells.
        mean_requests: requests that shared such a call, on average, as the server tells.
    """

    first_preview_ms: float
    finished_ms: float
    unet_calls: int
    mean_requests: float


@dataclass(frozen=True)
class Turn:
    """All drawings, made in one way."""

    drawings: tuple[Served, ...]

    @property
    def wall_ms(self) -> float:
        """When the last was finished."""
        return max(drawing.finished_ms for drawing in self.drawings)

    @property
    def unet_calls(self) -> float:
        """UNet calls of the server, from each drawing's share in its calls.

        Exact where a drawing always shared with as many; a little low where some of them came or went.
        """
        return sum(drawing.unet_calls / drawing.mean_requests for drawing in self.drawings)


@dataclass(frozen=True)
class Comparison:
    """Turns of the two ways, each pair made right after each other."""

    one_after_another: tuple[Turn, ...]
    at_once: tuple[Turn, ...]


async def compare(address: str, jobs: Sequence[Job], rounds: int) -> Comparison:
    """Makes the drawings both ways, so many times in turns, after one turn each that is not counted."""
    alone, together = [], []
    async with AsyncVisionClient(address, timeout=TIMEOUT_S) as client:
        for turn in range(-1, rounds):
            one, other = await _one_after_another(client, jobs), await _at_once(client, jobs)
            if turn >= 0:
                alone.append(one)
                together.append(other)
    return Comparison(tuple(alone), tuple(together))


async def _one_after_another(client: AsyncVisionClient, jobs: Sequence[Job]) -> Turn:
    """All callers come at the same time, and each waits until the one before has its drawing."""
    began = time.perf_counter()
    return Turn(tuple([await watch(client, job, began) for job in jobs]))


async def _at_once(client: AsyncVisionClient, jobs: Sequence[Job]) -> Turn:
    began = time.perf_counter()
    return Turn(tuple(await asyncio.gather(*(watch(client, job, began) for job in jobs))))


async def watch(client: AsyncVisionClient, job: Job, began: float) -> Served:
    """Makes one drawing, looking at its progress.

    Args:
        client: connected.
        job: what to draw.
        began: when its time began to run, on `time.perf_counter`'s clock.
    """
    first_preview_ms: float | None = None
    result: ToolResult | None = None
    async with aclosing(client.stream(job.tool, job.arguments())) as items:
        async for item in items:
            now = (time.perf_counter() - began) * 1e3
            if isinstance(item, ToolResult):
                result = item
            elif item.preview is not None and first_preview_ms is None:
                first_preview_ms = now
    if result is None:
        raise RuntimeError(f"{job.tool} ended without a drawing")
    finished_ms = (time.perf_counter() - began) * 1e3
    seen = finished_ms if first_preview_ms is None else first_preview_ms
    return Served(seen, finished_ms, result.data["unet_calls"], result.data["mean_requests"])


async def steps_after_leaving(address: str, job: Job, company: Job, leave_at: int, rounds: int) -> list[int]:
    """How many steps a drawing took beyond the one that its caller saw when it left, counted by its company.

    Args:
        address: of the server.
        job: the drawing that is left.
        company: a drawing with far more steps, that is in every UNet call of the other's.
        leave_at: the step whose progress makes the caller leave.
        rounds: how often.
    """
    async with AsyncVisionClient(address, timeout=TIMEOUT_S) as client:
        return [await _steps_after_leaving(client, job, company, leave_at) for _ in range(rounds)]


async def _steps_after_leaving(client: AsyncVisionClient, job: Job, company: Job, leave_at: int) -> int:
    seen: int | None = None
    async with aclosing(client.stream(company.tool, company.arguments())) as items:
        async for item in items:
            if isinstance(item, ToolResult):
                # With nobody in its company it would have been alone in each of its calls.
                shared: int = round(item.data["unet_calls"] * (item.data["mean_requests"] - 1))
                return max(shared - (seen or 0), 0)
            if seen is None:
                seen = await leave(client, job, leave_at)
    raise RuntimeError(f"{company.tool} ended without a drawing")


async def leave(client: AsyncVisionClient, job: Job, at: int) -> int:
    """Asks for a drawing and leaves when that step is told of; returns the step last seen."""
    async with aclosing(client.stream(job.tool, job.arguments())) as items:
        async for item in items:
            if isinstance(item, Progress) and item.step >= at:
                return item.step
    raise RuntimeError(f"{job.tool} was finished before step {at} was told of: give it more steps")
