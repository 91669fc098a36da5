"""Each kind of error goes out with the code and the words by which callers tell the kinds apart."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from visgate_server.backend_errors import triton_error
from visgate_server.errors import (
    InvalidArgumentError,
    ModelFaultError,
    QueueFullError,
    QueueTimeoutError,
    RequestCancelledError,
    ServerStoppingError,
    VisgateServerError,
)


class BackendError:
    """What the backend's own module, which exists inside Triton only, has under the name TritonError."""

    INVALID_ARG, UNAVAILABLE, INTERNAL, CANCELLED = range(4)

    def __init__(self, message: str, code: int) -> None:
        self.message, self.code = message, code


@pytest.mark.parametrize(
    ("error", "code", "words", "logged"),
    [
        (InvalidArgumentError("STEPS is 0"), BackendError.INVALID_ARG, "STEPS is 0", False),
        (QueueFullError("64 wait"), BackendError.UNAVAILABLE, "model m: Exceeds maximum queue size: 64 wait", False),
        (
            QueueFullError("Exceeds maximum queue size: 64 wait"),
            BackendError.UNAVAILABLE,
            "model m: Exceeds maximum queue size: 64 wait",
            False,
        ),
        (QueueTimeoutError("1 s"), BackendError.UNAVAILABLE, "model m: Request timeout expired: 1 s", False),
        (ServerStoppingError("it goes down"), BackendError.UNAVAILABLE, "model m: it goes down", False),
        (RequestCancelledError("gone"), BackendError.CANCELLED, "model m: gone", False),
        (ModelFaultError("NaN"), BackendError.INTERNAL, "model m: NaN", True),
    ],
)
def test_an_error_has_its_code_and_a_fault_is_logged(
    error: VisgateServerError, code: int, words: str, logged: bool
) -> None:
    log: list[str] = []
    sent = triton_error(
        SimpleNamespace(TritonError=BackendError, Logger=SimpleNamespace(log_error=log.append)), "m", error
    )
    assert (sent.message, sent.code) == (words, code)
    assert bool(log) == logged
