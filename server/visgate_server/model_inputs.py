"""Makes a call from one model to another; knows nothing about how the call travels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Tensors
from visgate_server.tool_model import ModelCall, OnProgress
from visgate_server.tool_spec import Argument, ArgumentKind

_DTYPES: dict[ArgumentKind, type[np.generic]] = {
    ArgumentKind.NUMBER: np.float32,
    ArgumentKind.INTEGER: np.int32,
    ArgumentKind.FLAG: np.bool_,
}
_DTYPE_OF_VALUE: dict[type, type[np.generic]] = {bool: np.bool_, int: np.int32, float: np.float32}


def model_call(
    spec: ModelSpec, inputs: Tensors, outputs: tuple[str, ...], on_progress: OnProgress | None = None
) -> ModelCall:
    """A call with `inputs`, [rows, ...] each, and with the defaults of whatever input is not among them."""
    rows = len(next(iter(inputs.values())))
    return ModelCall(spec.name, {**default_inputs(spec, rows), **inputs}, outputs, spec.streams, on_progress)


def default_inputs(spec: ModelSpec, rows: int) -> dict[str, NDArray[Any]]:
    """Every input of a model that has a default, [rows, 1] by tensor name.

    A call sends them all, like any client: Triton batches only requests that carry the same set of inputs.
    """
    return {argument.tensor: _column(argument, rows) for argument in spec.arguments if argument.default is not None}


def column(value: str | float | int | bool) -> NDArray[Any]:
    """A value of one row, [1, 1], as the tensor of an argument of its kind."""
    if isinstance(value, str):
        return np.array([[value.encode()]], np.object_)
    return np.array([[value]], _DTYPE_OF_VALUE[type(value)])


def _column(argument: Argument, rows: int) -> NDArray[Any]:
    if argument.kind is ArgumentKind.TEXT:
        return np.full((rows, 1), str(argument.default).encode(), np.object_)
    return np.full((rows, 1), argument.default, _DTYPES[argument.kind])
