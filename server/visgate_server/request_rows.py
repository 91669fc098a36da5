"""Checks a request's input tensors and reads them as rows; knows nothing about models or what serves them.

Triton has checked datatypes and ranks against `config.pbtxt` by the time a request arrives. What is left to check is
what a configuration cannot say: ranges, choices, sizes, and that all inputs have the same number of rows. A picture
that came as a file is decoded here, so that no model can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError
from visgate_server.model_spec import ModelSpec
from visgate_server.picture_decoding import check_pixels, decode_picture
from visgate_server.tool_model import ToolRequest
from visgate_server.tool_spec import Argument, ArgumentKind, file_tensor


def read_rows(spec: ModelSpec, tensors: Mapping[str, NDArray[Any]]) -> list[ToolRequest]:
    """Reads one request.

    Args:
        spec: the model that the request is for.
        tensors: the input tensors that came, by name, each [rows, ...]; absent ones take their default.

    Returns:
        One `ToolRequest` a row. A picture that belongs to another tool than the request is for is None.

    Raises:
        InvalidArgumentError: an input is missing, out of range, empty, too large, or has a row count of its own.
    """
    counts = {name: len(tensor) for name, tensor in tensors.items()}
    if not counts:
        raise InvalidArgumentError(f"the request has no input: send {_names(spec)}")
    rows = next(iter(counts.values()))
    if rows == 0 or set(counts.values()) != {rows}:
        raise InvalidArgumentError(f"every input needs the same number of rows, at least one; these came: {counts}")
    columns = {argument.name: _read_column(argument, tensors, rows) for argument in spec.arguments}
    read = [{name: column[row] for name, column in columns.items()} for row in range(rows)]
    for values in read:
        _check_complete(spec, values)
    return [ToolRequest(values) for values in read]


def _check_complete(spec: ModelSpec, values: Mapping[str, Any]) -> None:
    tool = spec.tool_of(values)
    for argument in spec.arguments if tool is None else tool.arguments:
        if argument.required and values[argument.name] is None:
            as_file = f" Or send {file_tensor(argument.tensor)}." if argument.kind is ArgumentKind.PICTURE else ""
            raise InvalidArgumentError(f"input {argument.tensor} is missing: {argument.description}{as_file}")


def _names(spec: ModelSpec) -> str:
    return ", ".join(argument.tensor for argument in spec.arguments if argument.required)


def _read_column(argument: Argument, tensors: Mapping[str, NDArray[Any]], rows: int) -> list[Any]:
    tensor = tensors.get(argument.tensor)
    if argument.kind is ArgumentKind.PICTURE and (files := tensors.get(file_tensor(argument.tensor))) is not None:
        if tensor is not None:
            raise InvalidArgumentError(
                f"inputs {argument.tensor} and {file_tensor(argument.tensor)} are one picture: send one of them"
            )
        return _read_files(argument, files, rows)
    if tensor is None:
        return [argument.default] * rows
    if argument.kind is ArgumentKind.PICTURE:
        _check_picture(argument, tensor)
        return list(tensor)
    _check_column(argument.tensor, tensor, rows)
    return [_read_value(argument, value) for value in tensor[:, 0].tolist()]


def _read_files(argument: Argument, files: NDArray[Any], rows: int) -> list[NDArray[np.uint8]]:
    name = file_tensor(argument.tensor)
    _check_column(name, files, rows)
    return [decode_picture(content, name, argument.max_pixels) for content in files[:, 0].tolist()]


def _check_column(name: str, tensor: NDArray[Any], rows: int) -> None:
    if tensor.shape != (rows, 1):
        raise InvalidArgumentError(f"input {name} must have shape [{rows}, 1], not {list(tensor.shape)}")


def _check_picture(argument: Argument, tensor: NDArray[Any]) -> None:
    if tensor.ndim != 4 or tensor.shape[3] != 3 or tensor.dtype != np.uint8:
        raise InvalidArgumentError(
            f"input {argument.tensor} must be UINT8 [rows, height, width, 3], not {tensor.dtype} {list(tensor.shape)}"
        )
    _, height, width, _ = tensor.shape
    if height == 0 or width == 0:
        raise InvalidArgumentError(f"input {argument.tensor} is an empty picture ({width} × {height} pixels)")
    check_pixels(width, height, argument.tensor, argument.max_pixels)


def _read_value(argument: Argument, value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise InvalidArgumentError(f"input {argument.tensor} is not UTF-8 text") from error
    if argument.choices and value not in argument.choices:
        raise InvalidArgumentError(
            f"input {argument.tensor} is {value!r}; it must be one of {', '.join(argument.choices)}"
        )
    if argument.kind in (ArgumentKind.NUMBER, ArgumentKind.INTEGER):
        _check_range(argument, value)
    return value


def _check_range(argument: Argument, value: float) -> None:
    too_low = argument.minimum is not None and not value >= argument.minimum
    too_high = argument.maximum is not None and not value <= argument.maximum
    if too_low or too_high or not np.isfinite(value):
        low = "-∞" if argument.minimum is None else argument.minimum
        high = "∞" if argument.maximum is None else argument.maximum
        raise InvalidArgumentError(f"input {argument.tensor} is {value}; it must be from {low} to {high}")
