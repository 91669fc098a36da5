"""The shape of a streaming model whose answer is a chain of calls to other models; knows nothing about Triton.

Each request runs in a thread of its own, because it does little but wait: for the finder, for the drawing, for the
enlarger. None of those ever waits for a composite model, so chains cannot block each other.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from visgate_server.errors import QueueFullError, QueueTimeoutError, RequestCancelledError
from visgate_server.model_spec import PREVIEW_TENSOR, PROGRESS_TENSOR
from visgate_server.networks import Tensors
from visgate_server.response_tensors import Times
from visgate_server.stream_model import ResponseStream, StreamModel
from visgate_server.tool_model import Image, ModelCall, ModelCaller, OnProgress, ToolRequest, ToolResponse

AT_ONCE = 8
"""Requests of one composite model that are worked on at the same time: as many as the engine advances at a step."""


@dataclass(frozen=True)
class Chain:
    """One request's way through other models: what it calls, whom it tells of progress, when it gives up."""

    call_models: ModelCaller
    stream: ResponseStream
    preview_every: int

    def call(self, call: ModelCall) -> dict[str, NDArray[Any]]:
        """Makes one call.

        Raises:
            RequestCancelledError: nobody waits for the answer any more.
            ModelFaultError: the model failed.
        """
        if self.stream.is_cancelled():
            raise RequestCancelledError("cancelled between two of its steps")
        [outputs] = self.call_models([call])
        return outputs

    def part(self, index: int, count: int) -> OnProgress | None:
        """Tells of the progress of part `index` of `count` parts that take the same steps; None if nobody asked."""
        return (lambda tensors: self._tell(tensors, index, count)) if self.preview_every else None

    def _tell(self, tensors: Tensors, index: int, count: int) -> None:
        step, of = (int(number) for number in tensors[PROGRESS_TENSOR][0])
        preview: Image | None = tensors[PREVIEW_TENSOR][0] if PREVIEW_TENSOR in tensors else None
        self.stream.progress(index * of + step, count * of, preview)


class CompositeModel(StreamModel):
    """Answers each request in a thread, up to `AT_ONCE` together; subclasses write `answer`."""

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._call_models = call_models
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=self.spec.name)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._taken = 0

    @abstractmethod
    def answer(self, request: ToolRequest, chain: Chain) -> ToolResponse:
        """Works a request out, call by call.

        Raises:
            VisgateServerError: why there is no answer.
        """

    def start(self, request: ToolRequest, stream: ResponseStream) -> None:
        with self._lock:
            if self._taken >= AT_ONCE + self.spec.max_queue_size:
                raise QueueFullError(
                    f"Exceeds maximum queue size: {AT_ONCE} requests are worked on and {self.spec.max_queue_size} "
                    "wait; try again in a moment"
                )
            self._taken += 1
        self._threads.submit(self._work, request, stream, time.monotonic() + stream.queue_timeout_s)

    def run_forever(self) -> None:
        self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _work(self, request: ToolRequest, stream: ResponseStream, turn_before: float) -> None:
        began_ns = time.time_ns()
        try:
            _check_turn(turn_before)
            response = self.answer(request, Chain(self._call_models, stream, request.integer("preview_every")))
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller waits for an answer
            stream.fail(error)
        else:
            stream.finish(response, Times(began_ns, time.time_ns() - began_ns, 1))
        finally:
            with self._lock:
                self._taken -= 1


def _check_turn(turn_before: float) -> None:
    if time.monotonic() > turn_before:
        raise QueueTimeoutError("Request timeout expired: its turn did not come within the time that it may wait")
