"""Times one caller's calls of every tool through a real Triton that serves them all, and says what was measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import FigureTable, Report
from benchmarks.timing import Latency, side_by_side
from benchmarks.tool_cost_calls import CostedCall
from visgate_client import VisionClient
from visgate_server.embedded import EmbeddedServer

REPOSITORY = Path(__file__).parents[1] / "model_repository"
WARM_UP = 3
TURN = 5
"""Calls of one tool in a row, before the next tool's turn: a busy minute of the machine falls on all of them."""
_APART = 10_000
TIMEOUT_S = 600.0
"""Far more than any call takes: a benchmark on a busy machine is to be slow, not to fail."""


@dataclass(frozen=True)
class ToolCost:
    """What one tool costs one caller.

    Attributes:
        tool: its name.
        given: what it was given, in a few words.
        served: from the call to the answer in the caller's hands, over gRPC.
    """

    tool: str
    given: str
    served: Latency


def measure_costs(calls: Sequence[CostedCall], rounds: int, tell: Callable[[str], None]) -> list[ToolCost]:
    """Times each call so many times, one at a time, on a Triton of its own.

    Args:
        calls: what to time.
        rounds: timed calls of each, at least two; three more go before that are not timed.
        tell: called with what is done next.

    Raises:
        RuntimeError: a model does not load.
        VisgateError: a call failed.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedServer.on_free_ports(REPOSITORY, Path(folder)).start() as server,
        VisionClient(server.address, timeout=TIMEOUT_S) as client,
    ):
        if server.failures or server.state.withheld:
            raise RuntimeError(f"not everything is served: {server.failures or server.state.withheld}")
        tell(f"{rounds} calls each of {len(calls)}")
        ways = {call.name: _caller(client, call, place, rounds) for place, call in enumerate(calls, 1)}
        latencies = side_by_side(ways, rounds, warmup=WARM_UP, turn=TURN)
    return [ToolCost(call.tool, call.given, latencies[call.name]) for call in calls]


def tool_cost_report(costs: Sequence[ToolCost], machine: Mapping[str, Any]) -> Report:
    """Puts one run's figures together."""
    rows = tuple((cost.tool, cost.given, f"{cost.served.p50_ms:.1f}", f"{cost.served.p90_ms:.1f}") for cost in costs)
    counts = sorted({cost.served.calls for cost in costs})
    return Report(
        name="tool-costs",
        title="What each tool costs one caller",
        machine=machine,
        goals=(),
        tables=(
            FigureTable(
                "One caller",
                ("tool", "given", "p50 ms", "p90 ms"),
                rows,
                f"{', '.join(map(str, counts))} calls of each, one at a time, over gRPC to a Triton that serves all "
                "models and was called before; a new picture, prompt and seed each time, so that no cache answers; "
                "all that is not named as the tool has it by default.",
            ),
        ),
        figures={"costs": [asdict(cost) for cost in costs]},
    )


def _caller(client: VisionClient, call: CostedCall, place: int, rounds: int) -> Callable[[int], object]:
    """What makes the call of a number; the numbers of two callers are apart, so that none asks what another has."""
    prepared = {number: call.arguments(place * _APART + number) for number in range(-WARM_UP, rounds)}

    def once(number: int) -> object:
        return client.call(call.tool, prepared[number])

    return once
