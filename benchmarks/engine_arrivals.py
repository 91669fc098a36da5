"""Compares batching step by step with batching whole requests, for requests that arrive one by one.

Both ways run the same engine over the same networks in this process, with the same progress and previews. They differ
in one thing: who arrives joins at the next step, or waits until the batch that is being drawn is finished.
"""

from __future__ import annotations

import queue
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.engine_jobs import Job
from benchmarks.engine_listening import Caller, running
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.engine import DiffusionEngine
from visgate_server.diffusion.limits import CPU_LIMITS, EngineLimits
from visgate_server.diffusion.profile import DiffusionProfile

Add = Callable[[DrawRequest, Caller], None]


@dataclass(frozen=True)
class Load:
    """Requests and when they come.

    Attributes:
        name: in words.
        jobs: in the order of their arrival.
        gap_ms: between two arrivals.
    """

    name: str
    jobs: tuple[Job, ...]
    gap_ms: float


@dataclass(frozen=True)
class Arrivals:
    """One way of serving a load, over all rounds.

    Attributes:
        mean_ms: from arrival to drawing, mean over the load's requests, median over the rounds.
        mean_ms_at_batch_end: the same if a batch's drawings are handed over together, when its last is finished.
        unet_calls: of one round, median.
    """

    mean_ms: float
    mean_ms_at_batch_end: float
    unet_calls: float


@dataclass(frozen=True)
class ArrivalComparison:
    """A load served in both ways, and by step with everybody in flight advancing at every step."""

    load: Load
    by_step: Arrivals
    by_step_all: Arrivals
    whole_requests: Arrivals

    @property
    def ratio(self) -> float:
        """How many times the mean time to finish whole-request batching takes; early drawings are handed over early."""
        return self.whole_requests.mean_ms / self.by_step.mean_ms

    @property
    def ratio_at_batch_end(self) -> float:
        """The same, where a batch's drawings are handed over together."""
        return self.whole_requests.mean_ms_at_batch_end / self.by_step.mean_ms


@dataclass(frozen=True)
class _Round:
    mean_ms: float
    mean_ms_at_batch_end: float
    unet_calls: int


def compare_arrivals(
    load: Load, networks: DiffusionNetworks, profile: DiffusionProfile, rounds: int
) -> ArrivalComparison:
    """Serves a load in each way, so many times in turns."""
    by_step, everybody, whole = [], [], []
    for _ in range(rounds):
        by_step.append(_by_step(load, networks, profile, CPU_LIMITS))
        everybody.append(_by_step(load, networks, profile, EngineLimits()))
        whole.append(_whole_requests(load, networks, profile))
    return ArrivalComparison(load, _summary(by_step), _summary(everybody), _summary(whole))


def _by_step(load: Load, networks: DiffusionNetworks, profile: DiffusionProfile, limits: EngineLimits) -> _Round:
    engine = DiffusionEngine(networks, profile, limits)
    with running(engine):
        arrived, callers = _arrive(load, profile, engine.add)
    mean_ms = _mean_ms(arrived, [caller.finished for caller in callers])
    return _Round(mean_ms, mean_ms, engine.unet_calls)


def _whole_requests(load: Load, networks: DiffusionNetworks, profile: DiffusionProfile) -> _Round:
    engine = DiffusionEngine(networks, profile, EngineLimits())
    batcher = _WholeRequestBatcher(engine)
    thread = threading.Thread(target=batcher.run, args=(len(load.jobs),), name="whole requests")
    thread.start()
    arrived, callers = _arrive(load, profile, batcher.add)
    thread.join()
    return _Round(
        _mean_ms(arrived, [caller.finished for caller in callers]),
        _mean_ms(arrived, [batcher.batch_ends[caller] for caller in callers]),
        engine.unet_calls,
    )


class _WholeRequestBatcher:
    """Takes all who wait, draws for them from the first step to the last, and only then looks who waits now.

    A request whose steps are fewer than the others' leaves the batch when they are done: it costs nothing any more.

    Attributes:
        batch_ends: when each caller's batch was finished, on `time.perf_counter`'s clock.
    """

    def __init__(self, engine: DiffusionEngine) -> None:
        self.batch_ends: dict[Caller, float] = {}
        self._engine = engine
        self._waiting: queue.SimpleQueue[tuple[DrawRequest, Caller]] = queue.SimpleQueue()

    def add(self, request: DrawRequest, caller: Caller) -> None:
        """Lets a request wait for the next batch; any thread may call."""
        self._waiting.put((request, caller))

    def run(self, requests: int) -> None:
        """Draws until that many requests are finished."""
        while len(self.batch_ends) < requests:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            for request, caller in batch:
                self._engine.add(request, caller)
            while self._engine.step():
                pass
            end = time.perf_counter()
            self.batch_ends.update((caller, end) for _, caller in batch)


def _arrive(load: Load, profile: DiffusionProfile, add: Add) -> tuple[list[float], list[Caller]]:
    """Adds the load's requests when it is their time, and waits for all drawings; returns when each was to come."""
    requests = [job.request(profile) for job in load.jobs]
    callers = [Caller() for _ in requests]
    began = time.perf_counter()
    times = [began + number * load.gap_ms / 1e3 for number in range(len(requests))]
    for due, request, caller in zip(times, requests, callers, strict=True):
        time.sleep(max(0.0, due - time.perf_counter()))
        add(request, caller)
    for caller in callers:
        caller.picture()
    return times, callers


def _mean_ms(arrived: Sequence[float], finished: Sequence[float]) -> float:
    return statistics.mean(end - begin for begin, end in zip(arrived, finished, strict=True)) * 1e3


def _summary(rounds: Sequence[_Round]) -> Arrivals:
    return Arrivals(
        statistics.median(one.mean_ms for one in rounds),
        statistics.median(one.mean_ms_at_batch_end for one in rounds),
        statistics.median(one.unet_calls for one in rounds),
    )
