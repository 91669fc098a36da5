"""Turns the rows that a model answered into one response's output tensors; knows nothing about how they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import ModelFaultError
from visgate_server.model_spec import DATA_TENSOR, TEXT_TENSOR, TIMES_TENSOR
from visgate_server.tool_model import Response, TensorResponse, ToolResponse


@dataclass(frozen=True)
class Times:
    """When and how long a request was computed; the client's `Times` are read from it.

    Attributes:
        started_ns: Unix time at which the execution that served the request began.
        compute_ns: how long that execution took, for every request in it.
        batch_rows: rows in the network batch that the request was part of.
    """

    started_ns: int
    compute_ns: int
    batch_rows: int


def encode_rows(rows: Sequence[Response], times: Times) -> dict[str, NDArray[Any]]:
    """Stacks rows into output tensors, each [rows, ...].

    Raises:
        ModelFaultError: the rows' pictures differ in size, so that no tensor can hold them together.
    """
    plain = [row.tensors for row in rows if isinstance(row, TensorResponse)]
    if plain:
        return {name: _stack(name, [row[name] for row in plain]) for name in plain[0]}
    answers = [row for row in rows if isinstance(row, ToolResponse)]
    tensors = {name: _stack(name, [answer.pictures[name] for answer in answers]) for name in answers[0].pictures}
    tensors[TEXT_TENSOR] = _strings(answer.text for answer in answers)
    tensors[DATA_TENSOR] = _strings(_json(answer.data) for answer in answers)
    stamp = [times.started_ns, times.compute_ns, times.batch_rows]
    tensors[TIMES_TENSOR] = np.tile(np.array(stamp, np.int64), (len(answers), 1))
    return tensors


def _stack(name: str, rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
    if len(rows) == 1:
        return np.ascontiguousarray(rows[0])[None]
    if len({row.shape for row in rows}) > 1:
        raise ModelFaultError(f"the rows' {name} differ in size: send them as separate requests")
    return np.stack(rows)


def _strings(values: Any) -> NDArray[Any]:
    return np.array([[value.encode()] for value in values], dtype=np.object_)


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
