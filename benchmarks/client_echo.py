"""What the client costs beside a bare tritonclient program that does the same: a picture there and back.

Both sides send through shared memory that is set up beforehand. The client's answers are the caller's to keep, and each
of its calls has a deadline, which the server's queue heeds too. A bare program that does the same copies its answers
out and gives its calls their time; the goal is about that one. Those that do less are timed beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from numpy.typing import NDArray
from tritonclient.utils import shared_memory

from benchmarks.client_server import MODEL, TENSOR, TOOL
from benchmarks.report import FigureTable, Goal
from benchmarks.timing import Latency, side_by_side
from visgate_client import VisionClient

GOALS_MS = {512: 1.0, 1024: 2.0}
LARGEST_RATIO = 1.1

_DEADLINE_S = 60.0  # the client's own

_TURN = 50
"""Calls of one way in a row: a program has one client, and its code and memory are in the processor's caches."""


@dataclass(frozen=True)
class EchoCost:
    """One size of picture.

    Attributes:
        side: its width and height in pixels.
        passing: tritonclient alone, each answer overwritten by the next call, no deadline.
        kept: tritonclient alone, each answer copied out, no deadline.
        same: tritonclient alone, each answer copied out and each call with a deadline, as the client has them.
        client: this project's client.
        again: `same` timed a second time, as a measure of the machine's unrest.
    """

    side: int
    passing: Latency
    kept: Latency
    same: Latency
    client: Latency
    again: Latency

    def ratio_to(self, way: Latency) -> float:
        """How many times another's time the client takes, at the median."""
        return self.client.p50_ms / way.p50_ms


class BareProgram:
    """A program with nothing but tritonclient, written to be fast: two regions, registered once."""

    def __init__(self, address: str, side: int, deadline_s: float | None = None) -> None:
        """Sets the regions up.

        Args:
            address: the server's.
            side: of the pictures that it sends, pixels.
            deadline_s: of each call, in seconds; None for none.
        """
        self._shape = [1, side, side, 3]
        self._size = side * side * 3
        self._prefix = f"bare_{side}_{deadline_s}"
        self._times: Mapping[str, Any] = {}
        if deadline_s is not None:
            self._times = {"client_timeout": deadline_s, "timeout": int(deadline_s * 1e6)}
        self._client = triton.InferenceServerClient(address)
        self._regions = {name: self._region(self._name(name)) for name in ("in", "out")}

    def echo(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Sends a picture and returns the answer, which lies in the region until the next call."""
        shared_memory.set_shared_memory_region(self._regions["in"], [picture])
        sent = triton.InferInput(TENSOR, self._shape, "UINT8")
        sent.set_shared_memory(self._name("in"), self._size)
        wanted = triton.InferRequestedOutput(TENSOR)
        wanted.set_shared_memory(self._name("out"), self._size)
        self._client.infer(MODEL, [sent], outputs=[wanted], **self._times)
        answer: NDArray[np.uint8] = shared_memory.get_contents_as_numpy(self._regions["out"], np.uint8, self._shape)
        return answer

    def close(self) -> None:
        """Gives the regions back."""
        for name, region in self._regions.items():
            self._client.unregister_system_shared_memory(self._name(name))
            shared_memory.destroy_shared_memory_region(region)
        self._client.close()

    def _name(self, which: str) -> str:
        return f"{self._prefix}_{which}"

    def _region(self, name: str) -> Any:
        region = shared_memory.create_shared_memory_region(name, "/" + name, self._size)
        self._client.register_system_shared_memory(name, "/" + name, self._size)
        return region


@contextmanager
def bare_program(address: str, side: int, deadline_s: float | None = None) -> Iterator[BareProgram]:
    """A `BareProgram` for the time of a block."""
    program = BareProgram(address, side, deadline_s)
    try:
        yield program
    finally:
        program.close()


def echo_cost(address: str, side: int, rounds: int) -> EchoCost:
    """Times all ways in turns."""
    pictures = [np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8) for seed in range(4)]
    with (
        bare_program(address, side) as timeless,
        bare_program(address, side, _DEADLINE_S) as timed,
        VisionClient(address, timeout=_DEADLINE_S) as client,
    ):

        def with_client(number: int) -> None:
            _check(client.call(TOOL, image=pictures[number % 4]).arrays[TENSOR.lower()], pictures[number % 4])

        def passing(number: int) -> None:
            _check(timeless.echo(pictures[number % 4])[0], pictures[number % 4])

        def kept(number: int) -> None:
            _check(timeless.echo(pictures[number % 4])[0].copy(), pictures[number % 4])

        def same(number: int) -> None:
            _check(timed.echo(pictures[number % 4])[0].copy(), pictures[number % 4])

        ways: dict[str, Callable[[int], object]] = {
            "passing": passing,
            "kept": kept,
            "same": same,
            "client": with_client,
            "again": same,
        }
        return EchoCost(side, **side_by_side(ways, rounds, warmup=20, turn=_TURN))


def _check(answer: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
    """Looks at a few pixels: both sides pay for it alike."""
    if answer.shape != picture.shape or not np.array_equal(answer[0, :8], picture[0, :8]):
        raise RuntimeError("the echo is not what was sent")


def goals(costs: Sequence[EchoCost], where: str) -> tuple[Goal, ...]:
    """What was promised; `where` says how the machine waited."""
    return tuple(
        goal
        for cost in costs
        for goal in (
            Goal(f"echo of {cost.side}², p50 ms, {where}", cost.client.p50_ms, GOALS_MS[cost.side], at_least=False),
            Goal(
                f"echo of {cost.side}², times tritonclient, {where}",
                cost.ratio_to(cost.same),
                LARGEST_RATIO,
                at_least=False,
            ),
        )
    )


def table(costs: Sequence[EchoCost], where: str) -> FigureTable:
    """The figures; `where` says how the machine waited."""
    return FigureTable(
        f"A picture there and back through shared memory, one caller, {where}",
        ("picture", "visgate_client p50 ms", *_BARE, "calls"),
        tuple(
            (
                f"{cost.side}²",
                f"{cost.client.p50_ms:.2f}",
                *(_beside(cost, way) for way in (cost.same, cost.again, cost.kept, cost.passing)),
                str(cost.client.calls),
            )
            for cost in costs
        ),
        "Beside it tritonclient alone, with how many times its time the client takes in brackets. In turns of "
        f"{_TURN} calls, in one run; the second series shows how much the machine itself varies.",
    )


_BARE = (
    "answers kept, deadline",
    "again",
    "answers kept, no deadline",
    "answers overwritten, no deadline",
)


def _beside(cost: EchoCost, way: Latency) -> str:
    return f"{way.p50_ms:.2f} ({cost.ratio_to(way):.2f})"


def figures(cost: EchoCost) -> dict[str, Any]:
    """All of one size, for the JSON."""
    ratios = {f"ratio_to_{name}": cost.ratio_to(way) for name, way in (("same", cost.same), ("kept", cost.kept))}
    return {**asdict(cost), **ratios, "ratio_to_passing": cost.ratio_to(cost.passing)}
