"""What the client costs beside a bare tritonclient program that does the same: a picture there and back.

Both sides send through shared memory that is set up beforehand, and look at the answer without copying it.
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
        bare: tritonclient alone.
        client: this project's client.
        alone: the same way timed twice, as a measure of the machine's unrest: bare's second series.
    """

    side: int
    bare: Latency
    client: Latency
    alone: Latency

    @property
    def ratio(self) -> float:
        """How many times bare's time the client takes, at the median."""
        return self.client.p50_ms / self.bare.p50_ms


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

            def alone(number: int) -> None:
                _check(bare.echo(pictures[number % 4])[0], pictures[number % 4])

            ways: dict[str, Callable[[int], object]] = {"bare": alone, "client": with_client, "again": alone}
            latencies = side_by_side(ways, rounds, warmup=20)
    finally:
        bare.close()
    return EchoCost(side, latencies["bare"], latencies["client"], latencies["again"])


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
            Goal(f"echo of {cost.side}², times bare tritonclient", cost.ratio, LARGEST_RATIO, at_least=False),
        )
    )


def table(costs: list[EchoCost]) -> FigureTable:
    """The figures."""
    return FigureTable(
        "A picture there and back through shared memory, one caller",
        ("picture", "tritonclient p50 ms", "visgate_client p50 ms", "ratio", "tritonclient again p50 ms", "calls"),
        tuple(
            (
                f"{cost.side}²",
                f"{cost.bare.p50_ms:.2f}",
                f"{cost.client.p50_ms:.2f}",
                f"{cost.ratio:.2f}",
                f"{cost.alone.p50_ms:.2f}",
                str(cost.client.calls),
            )
            for cost in costs
        ),
        "In turns of ten calls, in one run. The second series shows how much the machine itself varies.",
    )
