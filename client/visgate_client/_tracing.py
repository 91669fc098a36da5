"""Makes an OpenTelemetry span of each call, where OpenTelemetry is installed; sends none itself.

The span is never made the current one: a call is a generator whose steps may be performed in several contexts, and
none of them may be left with it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from visgate_client._results import Times
from visgate_client._steps import Metadata

try:
    from opentelemetry import propagate, trace
except ImportError:  # it is optional
    _IS_INSTALLED = False
else:
    _IS_INSTALLED = True


class CallSpan(Protocol):
    """What is told about one call while it is made."""

    @property
    def metadata(self) -> Metadata:
        """The headers by which the server's spans become part of the same trace: ``traceparent``."""

    def is_for(self, model: str) -> None:
        """Tells which model answers the call."""

    def retried(self, error: BaseException, pause: float) -> None:
        """Tells that the call failed and is made again, after so many seconds."""

    def finished(self, times: Times | None) -> None:
        """Tells that the call was answered."""

    def failed(self, error: BaseException) -> None:
        """Tells that the call ended in an error, or was left."""


class SilentSpan:
    """A `CallSpan` that nobody sees."""

    metadata: Metadata = ()

    def is_for(self, model: str) -> None:
        """Takes no note."""

    def retried(self, error: BaseException, pause: float) -> None:
        """Takes no note."""

    def finished(self, times: Times | None) -> None:
        """Takes no note."""

    def failed(self, error: BaseException) -> None:
        """Takes no note."""


SILENT = SilentSpan()


def begin_span(tool: str, server: str) -> CallSpan:
    """Starts the span of a tool's call, a child of the span that is current in the caller."""
    if not _IS_INSTALLED:
        return SILENT
    attributes = {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "server.address": server,
        "visgate.tool": tool,
    }
    span = _tracer().start_span(f"visgate {tool}", kind=trace.SpanKind.CLIENT, attributes=attributes)
    # Where no SDK is set up, and the caller has no span that the server could become part of, it is this very one.
    return SILENT if span is trace.INVALID_SPAN else _OpenTelemetrySpan(span)


@cache
def _tracer() -> Any:
    """The tracer; until an SDK is set up, one that waits for it."""
    return trace.get_tracer("visgate_client")


class _OpenTelemetrySpan:
    """A `CallSpan` of OpenTelemetry."""

    def __init__(self, span: Any) -> None:
        self._span = span

    @property
    def metadata(self) -> Metadata:
        headers: dict[str, str] = {}
        propagate.inject(headers, context=trace.set_span_in_context(self._span))
        return tuple((name.lower(), value) for name, value in headers.items())

    def is_for(self, model: str) -> None:
        self._span.set_attribute("visgate.model", model)

    def retried(self, error: BaseException, pause: float) -> None:
        self._span.add_event("retry", {"error.type": type(error).__name__, "pause_s": pause})

    def finished(self, times: Times | None) -> None:
        if times is not None and self._span.is_recording():
            for name in ("serialise_ms", "wire_ms", "queue_ms", "compute_ms", "batch_size", "cached"):
                value = getattr(times, name)
                if value is not None:
                    self._span.set_attribute(f"visgate.{name}", value)
        self._span.end()

    def failed(self, error: BaseException) -> None:
        self._span.set_attribute("error.type", type(error).__name__)
        if isinstance(error, Exception):
            self._span.record_exception(error)
            self._span.set_status(trace.StatusCode.ERROR, str(error))
        self._span.end()
