"""What one served call costs beside the same work in the caller's own process, and what many callers get.

Both sides run the very same model code on the same networks: one in this process, one behind Triton and gRPC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from numpy.typing import NDArray

from benchmarks.timing import Latency, calls_per_second, side_by_side
from visgate_client import VisionClient
from visgate_server.batching import answer_requests
from visgate_server.catalogue import MODELS
from visgate_server.tool_model import ModelCall, ToolModel

TOOLS = ("detect_edges", "detect_faces", "classify_image", "detect_pose", "detect_objects", "detect_lines")
CALLERS = (1, 8, 32)
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class OneCaller:
    """One tool at one caller."""

    tool: str
    in_process: Latency
    served: Latency

    @property
    def ratio(self) -> float:
        """How many times the in-process time a served call takes, at the median."""
        return self.served.p50_ms / self.in_process.p50_ms


@dataclass(frozen=True)
class ManyCallers:
    """One tool at several callers; throughput in calls per second."""

    tool: str
    callers: int
    in_process: float
    served: float
    mean_batch: float


def photo(number: int) -> NDArray[np.uint8]:
    """A 512 × 512 photograph that is new every time, so that no cache answers in a network's place."""
    picture = _astronaut().copy()
    picture[0, :4] = np.frombuffer(np.int64(number).tobytes() + bytes(4), np.uint8).reshape(4, 3)
    return picture


@cache
def _astronaut() -> NDArray[np.uint8]:
    return np.asarray(skimage.data.astronaut(), np.uint8)


def one_caller(client: VisionClient, tool: str, rounds: int) -> OneCaller:
    """Times a tool in process and served, in turns."""
    model = local_model(tool)
    pictures = [photo(number) for number in range(rounds)]

    def in_process(number: int) -> None:
        (answer,) = answer_requests(model, [{"IMAGE": pictures[number][None]}])
        if isinstance(answer, Exception):
            raise answer

    def served(number: int) -> None:
        client.call(tool, image=pictures[number])

    # Pictures of their own: whatever remembers a picture must not have seen a timed one.
    warm = [photo(-1 - number) for number in range(5)]
    pictures += warm
    latencies = side_by_side({"in process": in_process, "served": served}, rounds, warmup=len(warm))
    return OneCaller(tool, latencies["in process"], latencies["served"])


def many_callers(client: VisionClient, tool: str, callers: int, calls: int) -> ManyCallers:
    """Measures throughput in process (threads that share one model) and served."""
    model = local_model(tool)
    offset = callers * 100_000

    def in_process(number: int) -> None:
        answer_requests(model, [{"IMAGE": photo(offset + number)[None]}])

    def served(number: int) -> None:
        client.call(tool, image=photo(offset + number))

    alone = calls_per_second(in_process, callers, calls)
    before = client.statistics(model.spec.name)
    together = calls_per_second(served, callers, calls)
    after = client.statistics(model.spec.name)
    executions = after.execution_count - before.execution_count
    mean_batch = (after.inference_count - before.inference_count) / executions
    return ManyCallers(tool, callers, alone, together, mean_batch)


def local_model(tool: str) -> ToolModel[Any]:
    """The model that offers `tool`, set up in this process."""
    (model_class,) = [model for model in MODELS if tool in [offered.name for offered in model.spec.tools]]
    model = model_class()
    if not isinstance(model, ToolModel):
        raise TypeError(f"{tool} is drawn in steps: it is measured by the benchmark `engine`")
    model.setup(ROOT / "model_repository" / model.spec.name / "1", _no_calls)
    return model


def _no_calls(calls: Sequence[ModelCall]) -> list[dict[str, Any]]:
    raise RuntimeError(f"a benchmarked model called {[call.model for call in calls]}: only single models are compared")
