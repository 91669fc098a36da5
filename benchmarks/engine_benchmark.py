"""Runs everything that is measured of the diffusion engine, in one go; shows nothing.

What is measured over gRPC runs on a Triton of its own that serves the drawing model alone; what is measured in this
process uses the same networks' files, ONNX Runtime options and threads.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine_alone import Alone, compare_alone
from benchmarks.engine_arrivals import ArrivalComparison, Load, compare_arrivals
from benchmarks.engine_curves import Curves, measure_curves
from benchmarks.engine_jobs import STEPS, Job, jobs, mixed_steps
from benchmarks.engine_leaving import Leaving, leave_engine, leave_server, memory_after
from benchmarks.engine_memory import MemoryComparison, compare_memory, model_process
from benchmarks.engine_served import TIMEOUT_S, Comparison, compare
from visgate_client import VisionClient
from visgate_server.diffusion.diffusion_networks import DiffusionNetworks, open_networks
from visgate_server.diffusion.profile import DiffusionProfile, read_profile
from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.models.diffusion import Diffusion

REPOSITORY = Path(__file__).parents[1] / "model_repository"
FOLDER = REPOSITORY / Diffusion.spec.name / "1"
GAP_MS = 50.0
AT_ONCE = 8


@dataclass(frozen=True)
class Repetitions:
    """How often each thing is measured."""

    curves: int = 25
    served: int = 13
    arrivals: int = 5
    alone: int = 40
    leaving_engine: int = 50
    leaving_server: int = 10
    memory_requests: int = 1000


FEW = Repetitions(
    curves=1, served=1, arrivals=1, alone=4, leaving_engine=2, leaving_server=1, memory_requests=2 * AT_ONCE
)
"""Enough to see that everything runs; the figures say nothing."""


@dataclass(frozen=True)
class EngineFigures:
    """Everything that one run measured.

    Attributes:
        jobs: that were drawn at once and one after another.
        curves_before: the networks' cost at the beginning.
        curves_after: the same at the end.
        served: at once and one after another.
        arrivals: requests that came one by one.
        alone: one request at a time.
        memory: of the engine and of separate pipelines.
        leaving: what callers cost that leave.
    """

    jobs: tuple[Job, ...]
    curves_before: Curves
    curves_after: Curves
    served: Comparison
    arrivals: tuple[ArrivalComparison, ...]
    alone: Alone
    memory: MemoryComparison
    leaving: Leaving


def measure_engine(repetitions: Repetitions, tell: Callable[[str], None]) -> EngineFigures:
    """Measures everything.

    Args:
        repetitions: how often.
        tell: called with what is measured next.

    Raises:
        NetworkError: the drawing networks are missing or damaged.
    """
    profile = read_profile(FOLDER)
    networks = open_networks(FOLDER, profile)
    tell("the networks alone")
    before = measure_curves(networks, profile, repetitions.curves)
    eight = jobs([STEPS] * AT_ONCE)
    with drawing_server() as server:
        tell("at once and one after another")
        served = asyncio.run(compare(server.address, eight, repetitions.served))
        tell("one request alone")
        with VisionClient(server.address, timeout=TIMEOUT_S) as client:
            alone = compare_alone(networks, profile, client, STEPS, repetitions.alone)
            _draw_with_every_tool(client, eight)
        tell("memory")
        memory = compare_memory(server, FOLDER)
        tell("callers that leave")
        leaving = _leaving(server, networks, profile, repetitions)
    arrivals = []
    for load in loads():
        tell(load.name)
        arrivals.append(compare_arrivals(load, networks, profile, repetitions.arrivals))
    tell("the networks alone, once more")
    after = measure_curves(networks, profile, repetitions.curves)
    return EngineFigures(eight, before, after, served, tuple(arrivals), alone, memory, leaving)


def loads() -> tuple[Load, ...]:
    """The requests that come one by one, for three tools in turn."""
    return (
        Load("8 requests of 20 steps, 50 ms apart", jobs([STEPS] * AT_ONCE), GAP_MS),
        Load("16 requests of 20 steps, 50 ms apart", jobs([STEPS] * 2 * AT_ONCE), GAP_MS),
        Load("16 requests of 10 to 40 steps, 50 ms apart", jobs(mixed_steps(2 * AT_ONCE)), GAP_MS),
        Load("16 requests of 20 steps, 100 ms apart", jobs([STEPS] * 2 * AT_ONCE), 2 * GAP_MS),
    )


@contextmanager
def drawing_server() -> Iterator[RunningServer]:
    """A Triton with the drawing model and the one that it calls, so that nothing else takes the cores.

    Raises:
        RuntimeError: the model does not load.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = folder / "models"
        repository.mkdir()
        for model in (Diffusion.spec.name, *Diffusion.spec.calls):
            (repository / model).symlink_to(REPOSITORY / model)
        with EmbeddedServer.on_free_ports(repository, folder / "state").start() as server:
            if server.failures or server.state.withheld:
                raise RuntimeError(f"not everything is served: {server.failures or server.state.withheld}")
            yield server


def _leaving(
    server: RunningServer, networks: DiffusionNetworks, profile: DiffusionProfile, repetitions: Repetitions
) -> Leaving:
    process = model_process(server)
    before, after = memory_after(server.address, process, repetitions.memory_requests)
    return Leaving(
        steps_in_engine=leave_engine(networks, profile, repetitions.leaving_engine),
        steps_served=leave_server(server.address, repetitions.leaving_server),
        requests=repetitions.memory_requests,
        rss_before=before,
        rss_after=after,
    )


def _draw_with_every_tool(client: VisionClient, made: tuple[Job, ...]) -> None:
    """So that the model's process holds whatever it ever will for each of them."""
    for job in made[:3]:
        client.call(job.tool, job.arguments())
    picture = made[1].arguments()["image"]
    client.call("redraw_image", prompt="a cat", image=picture, strength=0.6, seed=1, steps=STEPS, enlarge=False)
