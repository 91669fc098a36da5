"""Runs a streaming model: hands it requests, turns its loop, sends its responses; knows nothing about Triton.

Three threads meet here. Whoever calls `accept` brings requests and is let go at once; the loop's thread belongs to the
model; the sender's thread takes the responses away. Whatever happens to the loop, every request gets an answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError, ModelFaultError, ServerStoppingError, VisgateServerError
from visgate_server.model_spec import QUEUE_TIMEOUT_US
from visgate_server.open_response import OpenResponse, ResponseChannel
from visgate_server.packed_channel import packed_channel
from visgate_server.request_rows import read_rows
from visgate_server.response_sender import ResponseSender
from visgate_server.stream_model import StreamModel
from visgate_server.tool_model import ToolRequest

_CLOSE_TIMEOUT_S = 5.0
"""How long a step of the loop, and the responses that wait, may take at the end, in seconds."""


class StreamServer:
    """A model that is being served.

    Args:
        model: set up already; its loop is started.
        on_trouble: called with what ended the loop, or kept a response from being sent: for the log.
    """

    def __init__(self, model: StreamModel, on_trouble: Callable[[Exception], None]) -> None:
        self._model = model
        self._on_trouble = on_trouble
        self._lock = threading.Lock()
        self._open: set[OpenResponse] = set()
        self._over: VisgateServerError | None = None
        name = model.spec.name
        self._sender = ResponseSender(f"{name}-responses", self._forget, on_trouble)
        self._loop = threading.Thread(target=self._run, name=f"{name}-loop", daemon=True)
        self._loop.start()

    def accept(self, tensors: Mapping[str, NDArray[Any]], channel: ResponseChannel, queue_timeout_us: int = 0) -> None:
        """Takes a request on; whatever is wrong with it is answered on its channel, never raised.

        Args:
            tensors: its input tensors by name, each [1, ...]; they must stay valid after this returns.
            channel: the way back to its caller.
            queue_timeout_us: how long it may wait in the queue; 0 for the model's own limit, which it cannot exceed.
        """
        timeout_us = min(queue_timeout_us, QUEUE_TIMEOUT_US) if queue_timeout_us > 0 else QUEUE_TIMEOUT_US
        channel, trouble = packed_channel(self._model.spec, tensors, channel)
        response = OpenResponse(channel, self._sender.notify, timeout_us / 1e6)
        with self._lock:
            self._open.add(response)
            over = self._over or trouble
        if over is not None:
            response.fail(over)
            return
        try:
            self._model.start(self._read(tensors), response)
        except Exception as error:  # noqa: BLE001 - an answer for this caller; the others must not notice
            response.fail(error)

    def close(self) -> None:
        """Ends the loop; whoever still waits is told that the server stops."""
        self._end(ServerStoppingError("the server is going down: send the request again when it is back"))
        self._model.stop()
        self._loop.join(_CLOSE_TIMEOUT_S)
        self._sender.close(_CLOSE_TIMEOUT_S)

    @property
    def open_count(self) -> int:
        """Requests whose last response has not been sent yet."""
        return len(self._open)

    def _read(self, tensors: Mapping[str, NDArray[Any]]) -> ToolRequest:
        rows = read_rows(self._model.spec, tensors)
        if len(rows) != 1:
            raise InvalidArgumentError(f"the request has {len(rows)} rows; send one a request, as many as you like")
        return rows[0]

    def _run(self) -> None:
        try:
            self._model.run_forever()
            reason = "it returned"
        except BaseException as error:  # noqa: BLE001 - whatever it was, those who wait must be told
            trouble = ModelFaultError(f"its loop ended: {type(error).__name__}: {error}")
            trouble.__cause__ = error
            self._on_trouble(trouble)
            reason = f"{type(error).__name__}: {error}"
        # Does nothing after `close`, which has told everybody already.
        self._end(ModelFaultError(f"its loop ended ({reason}) and it serves nobody until the server is started again"))

    def _end(self, error: VisgateServerError) -> None:
        """Answers everybody with an error, those in flight and those who are still to come."""
        with self._lock:
            self._over = self._over or error
            waiting = list(self._open)
        for response in waiting:
            response.fail(self._over)

    def _forget(self, response: OpenResponse) -> None:
        with self._lock:
            self._open.discard(response)
