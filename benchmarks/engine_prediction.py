"""Works out what the networks' batch curves alone would make of requests that arrive one by one; runs nothing.

A step of n requests is taken to cost what the curves say and nothing else. What the engine reaches can be held against
that: where the curve is steep, waiting for one another costs more than sharing calls saves, whoever does the batching.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from benchmarks.engine_arrivals import Load
from benchmarks.engine_curves import Curves, step_cost
from visgate_server.diffusion.limits import CPU_LIMITS


def predicted_ratio(curves: Curves, load: Load) -> float:
    """Mean time to finish with whole-request batching, as a multiple of that with step-level batching.

    By step, as many advance as the served engine lets advance on a CPU, those with the fewest steps left first.
    """
    return _mean_ms(curves, load, whole_requests=True) / _mean_ms(curves, load, whole_requests=False)


def _mean_ms(curves: Curves, load: Load, *, whole_requests: bool) -> float:
    arrivals = [number * load.gap_ms for number in range(len(load.jobs))]
    left = [job.steps for job in load.jobs]
    finished = [0.0] * len(left)
    batch: set[int] = set()
    now, come = 0.0, 0
    while come < len(left) or batch:
        if not batch and arrivals[come] > now:
            now = arrivals[come]
        if not (whole_requests and batch):
            waiting = _until(now, arrivals[come:])
            batch.update(range(come, come + waiting))
            come += waiting
        advancing = sorted(batch, key=lambda number: (left[number], number))
        if not whole_requests:
            advancing = advancing[: CPU_LIMITS.max_advancing]
        now += step_cost(curves, [load.jobs[number] for number in advancing])
        for number in advancing:
            left[number] -= 1
            if left[number] == 0:
                finished[number] = now
                batch.remove(number)
    return statistics.mean(end - begin for begin, end in zip(arrivals, finished, strict=True))


def _until(now: float, arrivals: Iterable[float]) -> int:
    return sum(arrival <= now for arrival in arrivals)
