"""Keeps a failure to those whom it concerns; knows nothing about what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from visgate_server.diffusion.active_request import ActiveRequest
from visgate_server.errors import ModelFaultError


@contextmanager
def shared_fate(requests: Sequence[ActiveRequest], what: str) -> Iterator[None]:
    """Whatever fails inside fails these requests with a `ModelFaultError`, and nobody else."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a network may raise anything, and the engine goes on
        fault = ModelFaultError(f"{what} failed: {type(error).__name__}: {error}")
        fault.__cause__ = error.with_traceback(None)  # a traceback would keep the batch's tensors alive
        for request in requests:
            request.fault = fault


def sound(requests: Sequence[ActiveRequest]) -> list[ActiveRequest]:
    """Those that have not failed."""
    return [request for request in requests if request.fault is None]
