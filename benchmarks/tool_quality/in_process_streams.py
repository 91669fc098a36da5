"""Asks tools that stream in this process, through the served models' own code and loops; no Triton, no gRPC."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality import in_process
from benchmarks.tool_quality.in_process import REPOSITORY, ToolAnswer
from visgate_server.catalogue import MODELS
from visgate_server.errors import VisgateServerError
from visgate_server.model_inputs import column, default_inputs
from visgate_server.model_spec import DATA_TENSOR, TEXT_TENSOR, TIMES_TENSOR
from visgate_server.stream_model import StreamModel
from visgate_server.stream_server import StreamServer
from visgate_server.tool_model import ModelCall
from visgate_server.tool_spec import ArgumentKind

Tensors = Mapping[str, NDArray[Any]]

_OPENING = threading.RLock()


class _Channel:
    """One request's way back; progress goes nowhere."""

    def __init__(self) -> None:
        self.result: Future[Tensors] = Future()

    def send(self, tensors: Tensors) -> None:
        return

    def finish(self, tensors: Tensors) -> None:
        self.result.set_result(tensors)

    def fail(self, error: VisgateServerError) -> None:
        self.result.set_exception(error)

    def is_cancelled(self) -> bool:
        return False


def ask(tool: str, **arguments: Any) -> ToolAnswer:
    """Calls a streaming tool, from any thread: pictures as UINT8 [height, width, 3] RGB, all else as plain values.

    Raises:
        LookupError: no streaming model offers the tool.
        VisgateServerError: the call failed; the message says why.
    """
    for model in MODELS:
        for offered in model.spec.tools if model.spec.streams else ():
            if offered.name == tool:
                kinds = {argument.name: argument for argument in model.spec.arguments}
                inputs = default_inputs(model.spec, 1)
                for name, value in {**offered.constants, **arguments}.items():
                    picture = kinds[name].kind is ArgumentKind.PICTURE
                    inputs[kinds[name].tensor] = np.asarray(value, np.uint8)[None] if picture else column(value)
                return _answer(_result(model.spec.name, inputs))
    raise LookupError(f"no streaming model offers {tool!r}")


def call_models(calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
    """Does in this process what Triton does for a model that calls others, streaming or not."""
    answers = []
    for call in calls:
        if call.streams:
            result = _result(call.model, call.inputs)
            answers.append({name: result[name] for name in call.outputs})
        else:
            answers += in_process.call_models([call])
    return answers


def _result(model: str, inputs: Tensors) -> Tensors:
    channel = _Channel()
    _served(model).accept(inputs, channel)
    return channel.result.result()


def _served(name: str) -> StreamServer:
    with _OPENING:
        return _open(name)


@cache
def _open(name: str) -> StreamServer:
    for model in MODELS:
        if model.spec.name == name and issubclass(model, StreamModel):
            opened = model()
            opened.setup(REPOSITORY / name / "1", call_models)
            return StreamServer(opened, print)
    raise LookupError(f"no streaming model {name!r}")


def _answer(tensors: Tensors) -> ToolAnswer:
    plain = (TEXT_TENSOR, DATA_TENSOR, TIMES_TENSOR)
    return ToolAnswer(
        text=tensors[TEXT_TENSOR][0, 0].decode(),
        data=json.loads(tensors[DATA_TENSOR][0, 0]),
        pictures={name: value[0] for name, value in tensors.items() if name not in plain},
    )
