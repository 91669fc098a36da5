"""Asks tools in this process, through the served models' own code and networks; no Triton, no gRPC.

Tools that stream (those that draw) have a loop of their own and need a server; they cannot be asked here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.batching import Answer, answer_requests
from visgate_server.catalogue import MODELS
from visgate_server.model_inputs import default_inputs
from visgate_server.model_spec import DATA_TENSOR, TEXT_TENSOR, TIMES_TENSOR, ModelSpec
from visgate_server.tool_model import ModelCall, ToolModel
from visgate_server.tool_spec import Argument, ArgumentKind, ToolSpec

REPOSITORY = Path(__file__).parents[2] / "model_repository"

_DTYPES: Mapping[ArgumentKind, type[np.generic]] = {
    ArgumentKind.NUMBER: np.float32,
    ArgumentKind.INTEGER: np.int32,
    ArgumentKind.FLAG: np.bool_,
}


@dataclass(frozen=True)
class ToolAnswer:
    """What a tool answered.

    Attributes:
        text: for the LLM.
        data: for programs.
        pictures: by output tensor name, UINT8 [height, width, channels].
    """

    text: str
    data: Mapping[str, Any]
    pictures: Mapping[str, NDArray[np.uint8]]


def ask(tool: str, **arguments: Any) -> ToolAnswer:
    """Calls a tool: pictures as UINT8 [height, width, 3] RGB, everything else as plain values.

    Raises:
        LookupError: no model that can be asked here offers the tool.
        VisgateServerError: the call failed; the message says why.
    """
    model, spec = _model_with(tool)
    bound = {argument.name: argument for argument in model.spec.arguments}
    inputs = default_inputs(model.spec, 1)
    for name, value in {**spec.constants, **arguments}.items():
        inputs[bound[name].tensor] = _tensor(bound[name], value)
    (answer,) = answer_requests(model, [inputs])
    tensors = _outputs(answer)
    return ToolAnswer(
        text=tensors[TEXT_TENSOR][0, 0].decode(),
        data=json.loads(tensors[DATA_TENSOR][0, 0]),
        pictures={
            name: value[0] for name, value in tensors.items() if name not in (TEXT_TENSOR, DATA_TENSOR, TIMES_TENSOR)
        },
    )


@cache
def open_model(name: str) -> ToolModel[Any]:
    """The model of that name as the server opens it, opened once.

    Raises:
        LookupError: there is no such model, or it streams.
        NetworkError: a network of it has not been exported.
    """
    for model in MODELS:
        if model.spec.name == name and issubclass(model, ToolModel):
            opened = model()
            opened.setup(REPOSITORY / name / "1", call_models)
            return opened
    raise LookupError(f"no model {name!r} that answers once; models that stream need a server")


def call_models(calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
    """Does in this process what Triton does for a model that calls others."""
    answers = [_outputs(answer_requests(open_model(call.model), [dict(call.inputs)])[0]) for call in calls]
    return [{name: answer[name] for name in call.outputs} for call, answer in zip(calls, answers, strict=True)]


def _model_with(tool: str) -> tuple[ToolModel[Any], ToolSpec]:
    specs: list[ModelSpec] = [model.spec for model in MODELS]
    for spec in specs:
        for offered in spec.tools:
            if offered.name == tool:
                return open_model(spec.name), offered
    raise LookupError(f"no model offers {tool!r}")


def _tensor(argument: Argument, value: Any) -> NDArray[Any]:
    if argument.kind is ArgumentKind.PICTURE:
        return np.asarray(value, np.uint8)[None]
    if argument.kind is ArgumentKind.TEXT:
        return np.array([[str(value).encode()]], np.object_)
    return np.array([[value]], _DTYPES[argument.kind])


def _outputs(answer: Answer) -> dict[str, NDArray[Any]]:
    if isinstance(answer, Exception):
        raise answer
    return answer
