"""Calls other models of the same server through Triton's Python backend; knows nothing about who asks or why."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import ModelFaultError
from visgate_server.model_spec import OUTPUTS_TENSOR
from visgate_server.tool_model import ModelCall


class BackendCaller:
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
