"""What the client costs beside a bare tritonclient program that does the same: a picture there and back.

Both sides send through shared memory that is set up beforehand. The client's answers are the caller's to keep. A bare
program has to copy them out of its region for that; one that does not has them overwritten by its next call. Both are
timed, and the goal is about the one that does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from numpy.typing import NDArray
from tritonclient.utils import shared_memory

from benchmarks.client_server import MODEL, TOOL
from benchmarks.report import FigureTable, Goal
from benchmarks.timing import Latency, side_by_side
from visgate_client import VisionClient

GOALS_MS = {512: 1.0, 1024: 2.0}
LARGEST_RATIO = 1.1


@dataclass(frozen=True)
class EchoCost:
    """One size of picture.

    Attributes:
        side: its width and height in pixels.
        passing: tritonclient alone, each answer overwritten by the next call.
        kept: tritonclient alone, each answer copied out.
        client: this project's client.
        again: `kept` timed a second time, as a measure of the machine's unrest.
    """

    side: int
    passing: Latency
    kept: Latency
    client: Latency
    again: Latency

    @property
    def ratio(self) -> float:
        """How many times the time of a bare program that keeps its answers the client takes, at the median."""
        return self.client.p50_ms / self.kept.p50_ms

    @property
    def ratio_to_passing(self) -> float:
        """The same beside a bare program whose answers are overwritten."""
        return self.client.p50_ms / self.passing.p50_ms


class BareProgram:
    """A program with nothing but tritonclient, written to be fast: two regions, registered once."""

    def __init__(self, address: str, side: int) -> None:
        self._shape = [1, side, side, 3]
        self._size = side * side * 3
        self._client = triton.InferenceServerClient(address)
        self._regions = {name: self._region(f"bare_{side}_{name}") for name in ("in", "out")}

    def echo(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Sends a picture and returns the answer, which lies in the region until the next call."""
        shared_memory.set_shared_memory_region(self._regions["in"], [picture])
        sent = triton.InferInput("IMAGE", self._shape, "UINT8")
        sent.set_shared_memory(self._name("in"), self._size)
        wanted = triton.InferRequestedOutput("PICTURE")
        wanted.set_shared_memory(self._name("out"), self._size)
        self._client.infer(MODEL, [sent], outputs=[wanted])
        answer: NDArray[np.uint8] = shared_memory.get_contents_as_numpy(self._regions["out"], np.uint8, self._shape)
        return answer

    def close(self) -> None:
        """Gives the regions back."""
        for name, region in self._regions.items():
            self._client.unregister_system_shared_memory(self._name(name))
            shared_memory.destroy_shared_memory_region(region)
        self._client.close()

    def _name(self, which: str) -> str:
        return f"bare_{self._shape[1]}_{which}"

    def _region(self, name: str) -> Any:
        region = shared_memory.create_shared_memory_region(name, "/" + name, self._size)
        self._client.register_system_shared_memory(name, "/" + name, self._size)
        return region


def echo_cost(address: str, side: int, rounds: int) -> EchoCost:
    """Times both ways in turns."""
    pictures = [np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8) for seed in range(4)]
    bare = BareProgram(address, side)
    try:
        with VisionClient(address) as client:

            def with_client(number: int) -> None:
                _check(client.call(TOOL, image=pictures[number % 4]).arrays["picture"], pictures[number % 4])

            def passing(number: int) -> None:
                _check(bare.echo(pictures[number % 4])[0], pictures[number % 4])

            def kept(number: int) -> None:
                _check(bare.echo(pictures[number % 4])[0].copy(), pictures[number % 4])

            ways: dict[str, Callable[[int], object]] = {
                "passing": passing,
                "kept": kept,
                "client": with_client,
                "again": kept,
            }
            latencies = side_by_side(ways, rounds, warmup=20)
    finally:
        bare.close()
    return EchoCost(side, **latencies)


def _check(answer: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
    """Looks at a few pixels: both sides pay for it alike."""
    if answer.shape != picture.shape or not np.array_equal(answer[0, :8], picture[0, :8]):
        raise RuntimeError("the echo is not what was sent")


def goals(costs: list[EchoCost]) -> tuple[Goal, ...]:
    """What was promised."""
    return tuple(
        goal
        for cost in costs
        for goal in (
            Goal(f"echo of {cost.side}², p50 ms", cost.client.p50_ms, GOALS_MS[cost.side], at_least=False),
            Goal(f"echo of {cost.side}², times tritonclient", cost.ratio, LARGEST_RATIO, at_least=False),
        )
    )


def table(costs: list[EchoCost]) -> FigureTable:
    """The figures."""
    return FigureTable(
        "A picture there and back through shared memory, one caller",
        (
            "picture",
            "tritonclient p50 ms",
            "again",
            "visgate_client p50 ms",
            "ratio",
            "answers overwritten",
            "ratio",
            "calls",
        ),
        tuple(
            (
                f"{cost.side}²",
                f"{cost.kept.p50_ms:.2f}",
                f"{cost.again.p50_ms:.2f}",
                f"{cost.client.p50_ms:.2f}",
                f"{cost.ratio:.2f}",
                f"{cost.passing.p50_ms:.2f}",
                f"{cost.ratio_to_passing:.2f}",
                str(cost.client.calls),
            )
            for cost in costs
        ),
        "In turns of ten calls, in one run. The second series shows how much the machine itself varies. The last two "
        "columns are about a tritonclient program that has its answers overwritten by its next call.",
    )
