"""Connects a streaming model to Triton's Python backend, as a decoupled model; knows nothing about tools.

Triton hands each request over alone, and is told at once that it was taken. Responses follow when the model has them.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.backend_caller import BackendCaller
from visgate_server.backend_errors import triton_error
from visgate_server.errors import InvalidArgumentError, VisgateServerError
from visgate_server.finished_streams import FinishedStreams
from visgate_server.model_spec import ModelSpec
from visgate_server.picture_encoding import missing_output
from visgate_server.stream_model import StreamModel
from visgate_server.stream_server import StreamServer


def serve_stream(model_class: type[StreamModel]) -> type:
    """Makes the class that Triton looks for in a `model.py` out of a streaming model.

    Args:
        model_class: the model; it is made, set up and its loop started once.
    """

    class TritonPythonModel:
        """What Triton calls: initialize once, execute for every request, finalize at the end."""

        def initialize(self, args: dict[str, str]) -> None:
            """Opens the model's networks; an error here keeps the model from becoming ready, with its reason."""
            import triton_python_backend_utils as pb_utils

            self._pb_utils = pb_utils
            folder = Path(args["model_repository"]) / args["model_version"]
            model = model_class()
            self._finished = FinishedStreams()
            model.setup(folder, BackendCaller(pb_utils, self._finished))
            self._server = StreamServer(model, self._log)

        def execute(self, requests: Sequence[Any]) -> None:
            """Takes requests on; the backend may bring the next while these are worked on."""
            for request in requests:
                channel = _TritonChannel(self._pb_utils, model_class.spec, request, self._finished)
                self._server.accept(_tensors(request), channel, request.timeout())

        def finalize(self) -> None:
            """Ends the loop when the model is unloaded, which Triton does when the last response has been sent."""
            self._server.close()

        def _log(self, error: Exception) -> None:
            self._pb_utils.Logger.log_error("".join(traceback.format_exception(error)))

    return TritonPythonModel


def _tensors(request: Any) -> dict[str, NDArray[Any]]:
    """The request's inputs, copied: their memory is Triton's again when `execute` has returned."""
    return {tensor.name(): np.array(tensor.as_numpy(), copy=True) for tensor in request.inputs()}


class _TritonChannel:
    """A request's way back through Triton.

    The last response frees what Triton keeps for the request: asking about it after that reads freed memory.
    """

    def __init__(self, pb_utils: Any, spec: ModelSpec, request: Any, finished: FinishedStreams) -> None:
        self._pb_utils = pb_utils
        self._spec = spec
        self._finished = finished
        self._requested = tuple(request.requested_output_names())
        self._sender = request.get_response_sender()
        self._lock = threading.Lock()
        self._is_closed = False

    def send(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._sender.send(self._response(tensors))

    def finish(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        if trouble := missing_output(self._spec, self._requested, tensors):
            self.fail(InvalidArgumentError(trouble))
        else:
            self._send_last(self._response(tensors))

    def fail(self, error: VisgateServerError) -> None:
        pb_utils = self._pb_utils
        self._send_last(pb_utils.InferenceResponse(error=triton_error(pb_utils, self._spec.name, error)))

    def is_cancelled(self) -> bool:
        with self._lock:
            return self._is_closed or self._finished.ask(self._sender.is_cancelled)

    def _response(self, tensors: Mapping[str, NDArray[Any]]) -> Any:
        pb_utils = self._pb_utils
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in tensors.items()])

    def _send_last(self, response: Any) -> None:
        with self._lock:
            self._is_closed = True
        self._sender.send(response, flags=self._pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
