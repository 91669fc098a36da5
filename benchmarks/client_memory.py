"""Whether many calls leave anything behind: the process's memory, /dev/shm, and what the server has registered."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import tritonclient.grpc as triton

from benchmarks.client_server import TOOL
from benchmarks.report import FigureTable, Goal
from visgate_client import ArgumentError, VisionClient

LARGEST_GROWTH_MB = 8.0
_SIDES = (64, 256, 300)  # over gRPC, through shared memory, and through regions of another size
_SAMPLES = 20
_WARM = 0.2  # the share of the calls after which growth counts: caches and allocators have filled by then
_SHM = Path("/dev/shm")
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What is held after some calls, in megabytes."""

    calls: int
    resident_mb: float
    shared_files: int
    registered: int


@dataclass(frozen=True)
class MemoryUse:
    """What many calls left.

    Attributes:
        samples: during the calls.
        files_left: files in /dev/shm that were not there before, after the client was closed.
        registered_left: regions that the server still knows then.
    """

    samples: tuple[Sample, ...]
    files_left: int
    registered_left: int

    @property
    def growth_mb(self) -> float:
        """Resident memory at the end, above the first sample after the warm-up."""
        warm = next(sample for sample in self.samples if sample.calls >= _WARM * self.samples[-1].calls)
        return self.samples[-1].resident_mb - warm.resident_mb


def measure_memory(address: str, calls: int, tell: Callable[[str], None]) -> MemoryUse:
    """Makes the calls, every hundredth of which fails, and looks now and then."""
    process = psutil.Process()
    before = _files()
    pictures = [np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8) for side in _SIDES]
    samples = []
    with triton.InferenceServerClient(address) as observer:
        with VisionClient(address) as client:
            for number in range(1, calls + 1):
                _call(client, number, pictures[number % len(pictures)])
                if number % max(1, calls // _SAMPLES) == 0:
                    gc.collect()
                    samples.append(
                        Sample(number, process.memory_info().rss / _MEGABYTE, len(_files() - before), _known(observer))
                    )
                    tell(f"{number:,} calls, {samples[-1].resident_mb:.0f} MB")
        return MemoryUse(tuple(samples), len(_files() - before), _known(observer))


def _call(client: VisionClient, number: int, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    if number % 100 == 0:
        try:
            client.call(TOOL, image=b"no picture")
        except ArgumentError:
            return
    result = client.call(TOOL, image=picture)
    if number % 7 == 0:  # handed on without a copy
        client.call(TOOL, image=result.arrays["image"])


def _files() -> set[str]:
    return {path.name for path in _SHM.glob("visgate_client_*")}


def _known(observer: triton.InferenceServerClient) -> int:
    return len(observer.get_system_shared_memory_status().regions)


def goals(use: MemoryUse) -> tuple[Goal, ...]:
    """What was promised."""
    return (
        Goal("growth of resident memory, MB", use.growth_mb, LARGEST_GROWTH_MB, at_least=False),
        Goal("files left in /dev/shm", use.files_left, 0, at_least=False),
        Goal("regions left in the server", use.registered_left, 0, at_least=False),
    )


def table(use: MemoryUse) -> FigureTable:
    """The figures."""
    return FigureTable(
        f"Memory over {use.samples[-1].calls:,} calls",
        ("calls", "resident MB", "files in /dev/shm", "regions in the server"),
        tuple(
            (f"{sample.calls:,}", f"{sample.resident_mb:.1f}", str(sample.shared_files), str(sample.registered))
            for sample in use.samples
        ),
        "Pictures of three sizes in turn; every hundredth call is given no picture, every seventh result is handed on.",
    )
