"""A small streaming model: counts up, all its requests together, a step at a time; and breaks when it is told to.

The streaming server is tested through it, without Triton and, as a model of a repository, within it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from visgate_server.errors import InvalidArgumentError, QueueFullError
from visgate_server.model_spec import ModelSpec
from visgate_server.response_tensors import Times
from visgate_server.stream_model import ResponseStream, StreamModel
from visgate_server.tool_model import ModelCaller, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

COUNT_UP = ToolSpec(
    name="count_up",
    title="Count Up",
    description="Counts from one to a number and shows the number in grey.",
    arguments=(
        Argument("number", ArgumentKind.INTEGER, "How far to count.", minimum=1, maximum=10_000),
        Argument("seconds", ArgumentKind.NUMBER, "How long a step takes.", default=0.0, minimum=0.0, maximum=1.0),
        Argument("mood", ArgumentKind.TEXT, "How.", default="plain", choices=("plain", "refuse", "break")),
    ),
    pictures=(PictureOutput("PICTURE", "One pixel, as grey as the number is large."),),
    constants={"operation": "up"},
)
COUNT_PIXELS = ToolSpec(
    name="count_pixels",
    title="Count Pixels",
    description="Counts from one to the number of a picture's pixels.",
    arguments=(picture(max_pixels=10_000),),
    pictures=(PictureOutput("PICTURE", "One pixel, as grey as the number is large."),),
    constants={"operation": "pixels"},
)


@dataclass
class _Count:
    number: int
    request: ToolRequest
    stream: ResponseStream
    done: int = 0


class Counting(StreamModel):
    """Counts every request up by one in each step of its loop; at most `MOST` at once."""

    MOST = 4
    spec: ClassVar[ModelSpec] = ModelSpec(
        name="counting",
        summary="Counts up",
        tools=(COUNT_UP, COUNT_PIXELS),
        streams=True,
        bound=(Argument("operation", ArgumentKind.TEXT, "Which tool asked.", default="up", choices=("up", "pixels")),),
        max_batch_size=1,
        max_queue_size=MOST,
        instances=1,
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._counts: list[_Count] = []
        self._wakened = threading.Condition()
        self._is_stopping = False
        self._steps = 0
        """Steps of all requests together, those that were cancelled later included."""

    def start(self, request: ToolRequest, stream: ResponseStream) -> None:
        if request.text("mood") == "refuse":
            raise InvalidArgumentError("mood refuses: choose another")
        pixels = request.text("operation") == "pixels"
        number = request.image().shape[0] * request.image().shape[1] if pixels else request.integer("number")
        with self._wakened:
            if len(self._counts) == self.MOST:
                raise QueueFullError(f"{self.MOST} requests count already")
            self._counts.append(_Count(number, request, stream))
            self._wakened.notify()

    def run_forever(self) -> None:
        while True:
            with self._wakened:
                self._wakened.wait_for(lambda: self._counts or self._is_stopping)
                if self._is_stopping:
                    return
                counts = list(self._counts)
            self._step([count for count in counts if not count.stream.is_cancelled()])
            with self._wakened:
                self._counts = [
                    count for count in self._counts if count.done < count.number and not count.stream.is_cancelled()
                ]

    def stop(self) -> None:
        with self._wakened:
            self._is_stopping = True
            self._wakened.notify()

    def _step(self, counts: list[_Count]) -> None:
        time.sleep(max((count.request.number("seconds") for count in counts), default=0.0))
        for count in counts:
            if count.request.text("mood") == "break":
                raise RuntimeError("it lost count")
            count.done += 1
            self._steps += 1
            if count.done == count.number:
                self._answer(count)
            elif every := count.request.integer("preview_every"):
                preview = np.full((2, 2, 3), count.done % 256, np.uint8) if count.done % every == 0 else None
                count.stream.progress(count.done, count.number, preview)

    def _answer(self, count: _Count) -> None:
        response = ToolResponse(
            text=f"counted to {count.number}",
            data={"number": count.number, "steps_of_all": self._steps, "queue_timeout_s": count.stream.queue_timeout_s},
            pictures={"PICTURE": np.full((1, 1, 3), count.number % 256, np.uint8)},
        )
        count.stream.finish(response, Times(time.time_ns(), 0, 1))
