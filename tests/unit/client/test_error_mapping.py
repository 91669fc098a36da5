"""Each failure that gRPC and Triton report becomes the error of its cause; the messages are those they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visgate_client import (
    AccessError,
    ArgumentError,
    CallCancelledError,
    ConnectError,
    DeadlineError,
    Retries,
    ServerBusyError,
    ServerError,
    ServerLostError,
    UnknownModelError,
    VisgateError,
)

FAILED_TO_CONNECT = "failed to connect to all addresses; last error: "

REPORTED = [
    (
        "UNAVAILABLE",
        FAILED_TO_CONNECT + "UNKNOWN: ipv4:127.0.0.1:1: Connection refused",
        ConnectError,
        "Connection refused",
    ),
    (
        "UNAVAILABLE",
        FAILED_TO_CONNECT + "UNKNOWN: ipv4:127.0.0.1:1: Connection refused",
        ConnectError,
        "visgate-server start",
    ),
    (
        "UNAVAILABLE",
        FAILED_TO_CONNECT + "UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed",
        ConnectError,
        "not the HTTP one",
    ),
    ("UNAVAILABLE", "errors resolving nowhere.invalid:1: [Domain name not found]", ConnectError, "nowhere.invalid"),
    ("UNAVAILABLE", "DNS resolution failed for nowhere.invalid:1", ConnectError, "nowhere.invalid"),
    ("UNIMPLEMENTED", "", ConnectError, "no Triton server"),
    ("UNIMPLEMENTED", "Received http2 header with status: 404", ConnectError, "no Triton server"),
    ("UNAVAILABLE", "Stream removed (Socket closed)", ServerLostError, "went away"),
    ("UNAVAILABLE", "recvmsg:Connection reset by peer", ServerLostError, "went away"),
    ("UNAVAILABLE", "GOAWAY received", ServerLostError, "went away"),
    ("UNAVAILABLE", "Server is stopping, scheduler for model has stopped accepting", ServerLostError, "went away"),
    ("INTERNAL", "Received RST_STREAM with error code 2", ServerLostError, "went away"),
    ("CANCELLED", "CANCELLED", ServerLostError, "went away"),
    ("CANCELLED", "Channel closed!", CallCancelledError, "client was closed"),
    ("CANCELLED", "Locally cancelled by application!", CallCancelledError, "by its caller"),
    ("DEADLINE_EXCEEDED", "Deadline Exceeded", DeadlineError, "within 2.5 s"),
    ("UNAVAILABLE", "[request id: <id_unknown>] Exceeds maximum queue size", ServerBusyError, "full queue"),
    ("UNAVAILABLE", "[request id: 7] Request timeout expired", ServerBusyError, "in the queue"),
    ("NOT_FOUND", "Request for unknown model: 'mixer' is not found", UnknownModelError, "mixer"),
    ("NOT_FOUND", "Request for unknown model: 'mixer' has no available versions", UnknownModelError, "mixer"),
    ("INVALID_ARGUMENT", "requested model 'mixer' is not available", UnknownModelError, "mixer"),
    ("INVALID_ARGUMENT", "[request id: 1] input IMAGE is too dull", ArgumentError, "call: input IMAGE is too dull"),
    ("INTERNAL", "model mixer: the network exploded", ServerError, "^model mixer failed: the network exploded"),
    ("INTERNAL", "Stub process 'mixer_0_0' is not healthy.", ServerError, "not healthy"),
    ("UNKNOWN", "", ServerError, "UNKNOWN"),
    (
        "UNIMPLEMENTED",
        "ModelInfer RPC doesn't support models with decoupled transaction policy",
        ServerError,
        "decoupled",
    ),
    ("UNAVAILABLE", "This protocol is restricted, expecting header 'x'", AccessError, "token"),
    ("UNAUTHENTICATED", "no such token", AccessError, "no such token"),
    ("PERMISSION_DENIED", "", AccessError, "PERMISSION_DENIED"),
    ("UNAVAILABLE", FAILED_TO_CONNECT + "Ssl handshake failed: CERTIFICATE_VERIFY_FAILED", ConnectError, "root_certif"),
    ("RESOURCE_EXHAUSTED", "Received message larger than max", ServerError, "larger than max"),
]


@pytest.mark.parametrize(("code", "details", "kind", "words"), REPORTED)
def test_each_failure_of_a_call_has_its_class(
    make_client: Any, triton: Any, picture: np.ndarray, code: str, details: str, kind: type[VisgateError], words: str
) -> None:
    client = make_client(shared_memory=False, retries=Retries(attempts=1))
    client.tools()
    # A model that vanished is looked for once more, so that failure has to happen twice.
    for _ in range(2):
        triton.fail("ModelInfer", code, details)
    with pytest.raises(VisgateError, match=words) as error:
        client.call("blend", image=picture, timeout=2.5)
    assert type(error.value) is kind
    assert "id_unknown" not in str(error.value)
    if kind in (ConnectError, ServerLostError, DeadlineError, ServerBusyError):
        assert "localhost:8001" in str(error.value)
    if kind is ServerError:
        assert error.value.model == "mixer"  # type: ignore[attr-defined]


def test_a_failure_keeps_its_cause(client: Any, triton: Any) -> None:
    triton.fail("RepositoryIndex", "UNAVAILABLE", FAILED_TO_CONNECT + "Connection refused")
    with pytest.raises(ConnectError) as error:
        client.tools()
    assert error.value.__cause__ is not None


def test_an_error_survives_being_sent_to_another_process() -> None:
    import pickle

    error = ArgumentError("arguments.x: wrong", path="arguments.x", expected="right")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.path, again.expected) == (str(error), "arguments.x", "right")
