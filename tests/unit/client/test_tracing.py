"""Each call is a span, the server is told its trace, and without OpenTelemetry nothing is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from visgate_client import ServerError

from .conftest import streaming_tool_entry


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    provider = TracerProvider()
    made = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(made))
    trace.set_tracer_provider(provider)
    return made


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Any:
    exporter.clear()
    return exporter.get_finished_spans


def test_a_call_is_a_span_whose_trace_the_server_is_told(
    client: Any, triton: Any, picture: np.ndarray, spans: Any
) -> None:
    with trace.get_tracer("test").start_as_current_span("caller") as caller:
        client.call("blend", image=picture)
        assert trace.get_current_span() is caller
    span = next(span for span in spans() if span.name == "visgate blend")
    assert span.parent.span_id == caller.get_span_context().span_id
    assert span.kind is trace.SpanKind.CLIENT
    assert span.attributes["visgate.model"] == "mixer"
    assert span.attributes["server.address"] == "localhost:8001"
    assert span.attributes["visgate.compute_ms"] == 2.5
    assert {"visgate.serialise_ms", "visgate.wire_ms", "visgate.queue_ms"} <= span.attributes.keys()
    _, trace_id, span_id, _ = triton.metadata[-1]["traceparent"].split("-")
    assert int(trace_id, 16) == caller.get_span_context().trace_id
    assert int(span_id, 16) == span.context.span_id


def test_what_goes_wrong_is_seen(make_client: Any, triton: Any, picture: np.ndarray, spans: Any) -> None:
    client = make_client(shared_memory=False)
    client.tools()
    triton.fail("ModelInfer", "UNAVAILABLE", "Exceeds maximum queue size")
    triton.fail("ModelInfer", "INTERNAL", "model mixer: broken")
    with pytest.raises(ServerError):
        client.call("blend", image=picture)
    (span,) = spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.attributes["error.type"] == "ServerError"
    assert [event.name for event in span.events] == ["retry", "exception"]
    assert span.events[0].attributes["error.type"] == "ServerBusyError"


def test_a_stream_that_is_left_is_over(client: Any, triton: Any, spans: Any) -> None:
    triton.tools["painter"] = [streaming_tool_entry()]
    items = client.stream("draw", prompt="a cat")
    next(items)
    assert not spans()
    items.close()
    (span,) = spans()
    assert span.attributes["error.type"] == "GeneratorExit"
    assert span.status.status_code is trace.StatusCode.UNSET, "leaving is no error"
    list(client.stream("draw", prompt="a cat"))
    assert spans()[-1].attributes["visgate.model"] == "painter"


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
import visgate_client
from visgate_client._tracing import SilentSpan, begin_span
span = begin_span("blend", "localhost")
assert isinstance(span, SilentSpan) and span.metadata == ()
"""


def test_it_is_optional() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=60)
