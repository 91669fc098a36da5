"""Connects a model that answers once to Triton's Python backend; knows nothing about tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from visgate_server.backend_caller import BackendCaller
from visgate_server.backend_errors import triton_error
from visgate_server.batching import Answer, answer_requests
from visgate_server.errors import InvalidArgumentError, VisgateServerError
from visgate_server.finished_streams import FinishedStreams
from visgate_server.picture_encoding import missing_output
from visgate_server.tool_model import ToolModel


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
            self._finished = FinishedStreams()
            self._model.setup(folder, BackendCaller(pb_utils, self._finished))

        def execute(self, requests: Sequence[Any]) -> list[Any]:
            """Answers a batch; every request gets a response of its own."""
            answers = answer_requests(self._model, [self._tensors(request) for request in requests])
            if self._finished:
                self._finished.ask(requests[0].is_cancelled)
            return [self._response(*pair) for pair in zip(requests, answers, strict=True)]

        def _tensors(self, request: Any) -> dict[str, NDArray[Any]]:
            return {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}

        def _response(self, request: Any, answer: Answer) -> Any:
            pb_utils = self._pb_utils
            if not isinstance(answer, VisgateServerError):
                trouble = missing_output(self._model.spec, request.requested_output_names(), answer)
                answer = InvalidArgumentError(trouble) if trouble else answer
            if isinstance(answer, VisgateServerError):
                return pb_utils.InferenceResponse(error=triton_error(pb_utils, self._model.spec.name, answer))
            return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in answer.items()])

    return TritonPythonModel
