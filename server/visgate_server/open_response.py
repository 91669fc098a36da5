"""Keeps what has still to be sent to one request, in order; knows nothing about threads that send or about Triton."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_server.batching import as_answer
from visgate_server.errors import RequestCancelledError, VisgateServerError
from visgate_server.model_spec import PREVIEW_TENSOR, PROGRESS_TENSOR
from visgate_server.response_tensors import Times, encode_rows
from visgate_server.tool_model import Image, ToolResponse

MAX_WAITING_PROGRESS = 8
"""Progress of one request that waits to be sent; a little is normal where steps are short and the cores are busy."""


class ResponseChannel(Protocol):
    """One request's way back to its caller. `finish` or `fail` is called once, last, by the thread that sends."""

    def send(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Sends a response that others will follow."""
        ...

    def finish(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Sends the last response."""
        ...

    def fail(self, error: VisgateServerError) -> None:
        """Sends an error as the last response."""
        ...

    def is_cancelled(self) -> bool:
        """Whether the caller cancelled the request or is gone."""
        ...


@dataclass(frozen=True)
class _Progress:
    step: int
    of: int
    preview: Image | None

    def tensors(self) -> dict[str, NDArray[Any]]:
        tensors: dict[str, NDArray[Any]] = {PROGRESS_TENSOR: np.array([[self.step, self.of]], np.int32)}
        if self.preview is not None:
            tensors[PREVIEW_TENSOR] = np.ascontiguousarray(self.preview)[None]
        return tensors


class OpenResponse:
    """A `ResponseStream` whose responses wait here until `deliver` sends them.

    Args:
        channel: the way back to the caller.
        on_work: called with this response whenever there is something to deliver.
        queue_timeout_s: how long the request may wait before its work begins, in seconds.
    """

    def __init__(
        self, channel: ResponseChannel, on_work: Callable[[OpenResponse], None], queue_timeout_s: float
    ) -> None:
        self._channel = channel
        self._on_work = on_work
        self._queue_timeout_s = queue_timeout_s
        self._lock = threading.Lock()
        self._progress: deque[_Progress] = deque()
        self._last: Mapping[str, NDArray[Any]] | VisgateServerError | None = None
        self._is_delivered = False

    @property
    def queue_timeout_s(self) -> float:
        """How long the request may wait before its work begins, in seconds."""
        return self._queue_timeout_s

    @property
    def is_ended(self) -> bool:
        """Whether the result, or an error in its place, has been given."""
        return self._last is not None

    def progress(self, step: int, of: int, preview: Image | None) -> None:
        """Adds progress; with too much of it waiting the oldest is left out, but its preview is kept."""
        with self._lock:
            if self._last is not None:
                return
            self._progress.append(_Progress(step, of, preview))
            if len(self._progress) > MAX_WAITING_PROGRESS:
                dropped, following = self._progress.popleft(), self._progress.popleft()
                kept = following.preview if following.preview is not None else dropped.preview
                self._progress.appendleft(_Progress(following.step, following.of, kept))
        self._on_work(self)

    def finish(self, response: ToolResponse, times: Times) -> None:
        """Ends it with the result."""
        try:
            tensors = encode_rows([response], times)
        except Exception as error:  # noqa: BLE001 - a result that cannot be encoded must not end the model's loop
            self.fail(error)
        else:
            self._end(tensors)

    def fail(self, error: Exception) -> None:
        """Ends it with an error; progress that was not sent yet is of no use to anybody then."""
        self._end(as_answer(error))

    def is_cancelled(self) -> bool:
        """Asks the channel, unless the response is ended already; ends it if its request is cancelled."""
        if not self.is_ended and self._channel.is_cancelled():
            self.fail(RequestCancelledError("the request was cancelled, or its caller is gone"))
        return self.is_ended

    def deliver(self) -> bool:
        """Sends what waits; called by one thread only. Returns whether that was the last, which it is once.

        Raises:
            Exception: whatever the channel raises; the caller is taken to be gone, and nothing more is sent.
        """
        # The end is announced after it can be seen, so it may have been sent when its announcement comes.
        while (progress := self._next_progress()) is not None:
            self._channel.send(progress.tensors())
        last = self._last
        # One that ended just now, with progress added just before, has announced that: its turn comes again.
        if last is None or self._progress or self._is_delivered:
            return False
        self._is_delivered = True
        if isinstance(last, VisgateServerError):
            self._channel.fail(last)
        else:
            self._channel.finish(last)
        return True

    def abandon(self) -> None:
        """Takes the caller to be gone: `is_cancelled` says so from now on, and nothing is sent any more."""
        with self._lock:
            self._progress.clear()
            self._is_delivered = True
            self._last = self._last or RequestCancelledError("the responses could not be sent")

    def _next_progress(self) -> _Progress | None:
        with self._lock:
            if isinstance(self._last, VisgateServerError):
                self._progress.clear()
            return self._progress.popleft() if self._progress else None

    def _end(self, last: Mapping[str, NDArray[Any]] | VisgateServerError) -> None:
        with self._lock:
            if self._last is not None:
                return
            self._last = last
        self._on_work(self)
