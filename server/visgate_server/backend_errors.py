"""Turns an error into what Triton's Python backend sends for it; knows nothing about requests."""

from __future__ import annotations

import traceback
from typing import Any

from visgate_server.errors import (
    InvalidArgumentError,
    QueueFullError,
    QueueTimeoutError,
    RequestCancelledError,
    ServerStoppingError,
    VisgateServerError,
)


def triton_error(pb_utils: Any, model: str, error: VisgateServerError) -> Any:
    """The error as a `TritonError`, whose code becomes the caller's gRPC status; a fault also goes to the log.

    Args:
        pb_utils: the backend's module.
        model: name of the model that failed.
        error: why.
    """
    codes = pb_utils.TritonError
    if isinstance(error, InvalidArgumentError):
        return pb_utils.TritonError(str(error), codes.INVALID_ARG)
    # The words are those in which Triton's own queues refuse, which is how clients tell the two from an outage.
    if isinstance(error, QueueFullError):
        return pb_utils.TritonError(_saying("Exceeds maximum queue size", model, error), codes.UNAVAILABLE)
    if isinstance(error, QueueTimeoutError):
        return pb_utils.TritonError(_saying("Request timeout expired", model, error), codes.UNAVAILABLE)
    if isinstance(error, ServerStoppingError):
        return pb_utils.TritonError(f"model {model}: {error}", codes.UNAVAILABLE)
    if isinstance(error, RequestCancelledError):
        return pb_utils.TritonError(f"model {model}: {error}", codes.CANCELLED)
    # Where it happened belongs in the server's log; the caller gets what happened.
    pb_utils.Logger.log_error("".join(traceback.format_exception(error)))
    return pb_utils.TritonError(f"model {model}: {error}", codes.INTERNAL)


def _saying(words: str, model: str, error: VisgateServerError) -> str:
    return f"model {model}: {error}" if words in str(error) else f"model {model}: {words}: {error}"
