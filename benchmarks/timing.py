"""Measures callables side by side; knows nothing about what they do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """Milliseconds of a series of calls."""

    p50_ms: float
    p90_ms: float
    calls: int


def side_by_side(
    ways: Mapping[str, Callable[[int], object]], rounds: int, warmup: int = 5, turn: int = 10
) -> dict[str, Latency]:
    """Times several ways of doing one thing in turns, so that whatever else the machine does falls on all of them.

    Args:
        ways: by name, a callable that takes the number of the round.
        rounds: how often each is timed.
        warmup: untimed rounds before; their numbers are negative.
        turn: calls of one way in a row. Changing ways at every call would time caches full of the other way's data.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        for number in range(-warmup, 0):
            way(number)
    for start in range(0, rounds, turn):
        for name, way in ways.items():
            for number in range(start, min(start + turn, rounds)):
                clock = time.perf_counter()
                way(number)
                times[name].append((time.perf_counter() - clock) * 1e3)
    return {
        name: Latency(statistics.median(series), statistics.quantiles(series, n=10)[-1], len(series))
        for name, series in times.items()
    }


def calls_per_second(call: Callable[[int], object], callers: int, calls: int) -> float:
    """Throughput of `calls` calls made by `callers` threads at once."""
    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(call, range(-2 * callers, 0)))
        clock = time.perf_counter()
        list(threads.map(call, range(calls)))
        return calls / (time.perf_counter() - clock)
