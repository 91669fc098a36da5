"""Calls other models of the same server through Triton's Python backend; knows nothing about who asks or why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import ModelFaultError
from visgate_server.finished_streams import FinishedStreams
from visgate_server.model_spec import OUTPUTS_TENSOR, PREVIEW_TENSOR, PROGRESS_TENSOR
from visgate_server.tool_model import ModelCall

PROGRESS_TENSORS = (PROGRESS_TENSOR, PREVIEW_TENSOR)


class BackendCaller:
    """Calls other models through the backend's business logic scripting (BLS)."""

    def __init__(self, pb_utils: Any, finished: FinishedStreams) -> None:
        """Prepares for calls.

        Args:
            pb_utils: the backend's module.
            finished: takes the streams that were read.
        """
        self._pb_utils = pb_utils
        self._finished = finished
        # Enough for all four models of three pictures at once: they batch only what is in flight together.
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="bls")

    def __call__(self, calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        return list(self._threads.map(self._call, calls))

    def _call(self, call: ModelCall) -> dict[str, NDArray[Any]]:
        pb_utils = self._pb_utils
        rows = len(next(iter(call.inputs.values())))
        wanted = np.full((rows, 1), ",".join(call.outputs).encode(), np.object_)
        inputs = {**call.inputs, OUTPUTS_TENSOR: wanted}
        request = pb_utils.InferenceRequest(
            model_name=call.model,
            requested_output_names=[*call.outputs, *(PROGRESS_TENSORS if call.on_progress else ())],
            inputs=[pb_utils.Tensor(name, np.ascontiguousarray(value)) for name, value in inputs.items()],
        )
        if call.streams:
            responses = request.exec(decoupled=True)
            try:
                return _result_of_stream(call, responses)
            finally:
                self._finished.keep(responses)
        return _tensors(call, request.exec())


def _result_of_stream(call: ModelCall, responses: Iterable[Any]) -> dict[str, NDArray[Any]]:
    """Reads a streaming model's responses to the end; its last one may be empty, and only closes the stream."""
    result: dict[str, NDArray[Any]] = {}
    trouble: ModelFaultError | None = None
    for response in responses:
        try:
            # A copy: the backend frees a response's memory when the next one is asked for.
            tensors = {name: np.array(value, copy=True) for name, value in _tensors(call, response).items()}
        except ModelFaultError as error:
            trouble = trouble or error
            continue
        if PROGRESS_TENSOR not in tensors:
            result = tensors or result
        elif call.on_progress is not None:
            call.on_progress(tensors)
    if trouble is not None:
        raise trouble
    if not result:
        raise ModelFaultError(f"it calls {call.model}, which ended without a result: see the server's log")
    return result


def _tensors(call: ModelCall, response: Any) -> dict[str, NDArray[Any]]:
    if response.has_error():
        raise ModelFaultError(f"it calls {call.model}, which failed: {response.error().message()}")
    return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
