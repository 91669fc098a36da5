"""Answers the requests that came in together with as few network runs as possible; knows nothing about Triton.

Requests are split into rows, rows with equal prepared shapes share one run, and a row that fails takes nobody with
it: not the other rows, and not the model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.errors import InvalidArgumentError, ModelFaultError, VisgateServerError
from visgate_server.networks import Tensors
from visgate_server.picture_encoding import PictureFormat, read_picture_format, with_pictures_as
from visgate_server.request_rows import read_rows
from visgate_server.response_tensors import Times, encode_rows
from visgate_server.tool_model import Prepared, Response, ToolModel, ToolRequest

Answer = dict[str, NDArray[Any]] | VisgateServerError
"""A request's output tensors, or why there are none."""


@dataclass
class _Row:
    request: ToolRequest
    prepared: Prepared[Any] | None = None
    response: Response | None = None
    error: VisgateServerError | None = None
    batch_rows: int = 0


@dataclass(frozen=True)
class _Request:
    rows: list[_Row]
    picture_format: PictureFormat


def answer_requests(model: ToolModel[Any], requests: Sequence[Mapping[str, NDArray[Any]]]) -> list[Answer]:
    """Answers every request, in order.

    Args:
        model: the model, set up.
        requests: each request's input tensors by name, each [rows, ...].

    Returns:
        One answer a request; a failed request has an error in its place and the others are not touched by it.
    """
    started_ns, clock = time.time_ns(), time.perf_counter_ns()
    read = [_read(model, request) for request in requests]
    rows = [row for request in read if isinstance(request, _Request) for row in request.rows]
    _prepare(model, rows)
    for group in _groups(rows, model.spec.max_batch_size):
        _run(model, group)
    compute_ns = time.perf_counter_ns() - clock
    return [_answer(model, request, started_ns, compute_ns) for request in read]


def _read(model: ToolModel[Any], tensors: Mapping[str, NDArray[Any]]) -> _Request | VisgateServerError:
    try:
        picture_format = read_picture_format(model.spec, tensors)
        return _Request([_Row(row) for row in read_rows(model.spec, tensors)], picture_format)
    except InvalidArgumentError as error:
        return error


def _prepare(model: ToolModel[Any], rows: Sequence[_Row]) -> None:
    for row in rows:
        try:
            row.prepared = model.preprocess(row.request)
        except Exception as error:  # noqa: BLE001 - one request's fault must not fail the batch
            row.error = as_answer(error)


def _groups(rows: Sequence[_Row], largest: int) -> list[list[_Row]]:
    by_shape: dict[tuple[Any, ...], list[_Row]] = {}
    for row in rows:
        if row.prepared is not None:
            tensors = row.prepared.tensors
            key = tuple((name, value.shape, value.dtype.str) for name, value in tensors.items())
            by_shape.setdefault(key, []).append(row)
    return [group[start : start + largest] for group in by_shape.values() for start in range(0, len(group), largest)]


def _run(model: ToolModel[Any], group: Sequence[_Row]) -> None:
    """Runs rows of one shape; where the batch fails, row by row, so that only the row at fault is lost."""
    prepared = [row.prepared for row in group if row.prepared is not None]
    try:
        outputs = model.run(_stack(prepared))
    except Exception as error:  # noqa: BLE001 - whatever a network raises is answered, never raised into Triton
        if len(group) == 1:
            group[0].error = as_answer(error)
            return
        for row in group:
            _run(model, [row])
        return
    for index, (row, ready) in enumerate(zip(group, prepared, strict=True)):
        row.batch_rows = len(group)
        try:
            own = {name: value[index] for name, value in outputs.items()}
            row.response = model.postprocess(own, row.request, ready.context)
        except Exception as error:  # noqa: BLE001 - as above
            row.error = as_answer(error)


def _stack(prepared: Sequence[Prepared[Any]]) -> Tensors:
    first = prepared[0].tensors
    if len(prepared) == 1:
        return {name: value[None] for name, value in first.items()}
    return {name: np.stack([ready.tensors[name] for ready in prepared]) for name in first}


def _answer(model: ToolModel[Any], request: _Request | VisgateServerError, started_ns: int, compute_ns: int) -> Answer:
    if isinstance(request, VisgateServerError):
        return request
    failed = next((row.error for row in request.rows if row.error is not None), None)
    if failed is not None:
        return failed
    responses = [row.response for row in request.rows if row.response is not None]
    times = Times(started_ns, compute_ns, max(row.batch_rows for row in request.rows))
    try:
        return with_pictures_as(request.picture_format, model.spec, encode_rows(responses, times))
    except Exception as error:  # noqa: BLE001 - a response that cannot be encoded fails alone
        return as_answer(error)


def as_answer(error: Exception) -> VisgateServerError:
    """The error itself where it was raised on purpose, else a fault that names it."""
    if isinstance(error, VisgateServerError):
        return error
    fault = ModelFaultError(f"{type(error).__name__}: {error}")
    fault.__cause__ = error
    return fault
