"""Connects a model to Triton's Python backend; the only module that knows it, and it knows nothing about tools."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.batching import Answer, answer_requests
from visgate_server.errors import InvalidArgumentError, ModelFaultError, VisgateServerError
from visgate_server.model_spec import OUTPUTS_TENSOR
from visgate_server.tool_model import ModelCall, ToolModel


def serve(model_class: type[ToolModel[Any]]) -> type:
    """Makes the class that Triton looks for in a `model.py` out of a model.

    Args:
        model_class: the model; it is made and set up once per instance.
    """

    class TritonPythonModel:
        """What Triton calls: initialize once, execute for every batch."""

        def initialize(self, args: dict[str, str]) -> None:
            """Opens the model's networks; an error here keeps the model from becoming ready, with its reason."""
            import triton_python_backend_utils as pb_utils

            self._pb_utils = pb_utils
            folder = Path(args["model_repository"]) / args["model_version"]
            self._model = model_class()
            self._model.setup(folder, _BackendCaller(pb_utils))

        def execute(self, requests: Sequence[Any]) -> list[Any]:
            """Answers a batch; every request gets a response of its own."""
            answers = answer_requests(self._model, [self._tensors(request) for request in requests])
            return [self._response(answer) for answer in answers]

        def _tensors(self, request: Any) -> dict[str, NDArray[Any]]:
            return {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}

        def _response(self, answer: Answer) -> Any:
            pb_utils = self._pb_utils
            if isinstance(answer, VisgateServerError):
                return pb_utils.InferenceResponse(error=_triton_error(pb_utils, self._model.spec.name, answer))
            return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in answer.items()])

    return TritonPythonModel


def _triton_error(pb_utils: Any, model: str, error: VisgateServerError) -> Any:
    if isinstance(error, InvalidArgumentError):
        return pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
    # Where it happened belongs in the server's log; the caller gets what happened.
    pb_utils.Logger.log_error("".join(traceback.format_exception(error)))
    return pb_utils.TritonError(f"model {model}: {error}", pb_utils.TritonError.INTERNAL)


class _BackendCaller:
    """Calls other models through the backend's business logic scripting (BLS)."""

    def __init__(self, pb_utils: Any) -> None:
        self._pb_utils = pb_utils
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
            requested_output_names=list(call.outputs),
            inputs=[pb_utils.Tensor(name, np.ascontiguousarray(value)) for name, value in inputs.items()],
        )
        response = request.exec()
        if response.has_error():
            raise ModelFaultError(f"it calls {call.model}, which failed: {response.error().message()}")
        return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
