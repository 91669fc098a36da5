"""Tells from a failed remote call what went wrong, and names it in this package's error tree.

Triton and gRPC say many different things under one status code, so the message decides; what each says was
tried on Triton 2.51 with gRPC 1.85.
"""

from __future__ import annotations

import re

import grpc

from visgate_client._address import DEFAULT_GRPC_PORT
from visgate_client.errors import (
    AccessError,
    ArgumentError,
    CallCancelledError,
    ConnectError,
    DeadlineError,
    ServerBusyError,
    ServerError,
    ServerLostError,
    UnknownModelError,
    VisgateError,
)

_NOT_CONNECTED = re.compile(
    r"failed to connect|errors? resolving|resolution failed|connections to all backends failing|http1\.x server",
    re.IGNORECASE,
)
_CONNECTION_LOST = re.compile(
    r"socket closed|stream removed|connection reset|connection refused|broken pipe|goaway|rst_stream|recvmsg|"
    r"sendmsg|transport|keepalive|end of tcp stream|server shutdown|server is stopping",
    re.IGNORECASE,
)
_UNTRUSTED = re.compile(r"certificate|handshake|ssl|tls|verification check", re.IGNORECASE)
_REQUEST_ID = re.compile(r"^\[request id: [^\]]*\] ")
_UNKNOWN_MODEL = re.compile(r"unknown model|requested model '.*' is not available", re.IGNORECASE)
_BUSY = re.compile("Exceeds maximum queue size|Request timeout expired")
_STUB_FAILED = re.compile(r"stub process|failed to process the request", re.IGNORECASE)
_NO_SUCH_REGION = "Unable to find shared memory region"
_OUTPUT_TOO_LARGE = "shared memory size specified with the request for output"


def is_not_connected(error: grpc.RpcError) -> bool:
    """Tells whether there was no connection to send the request over, so that nothing ran."""
    return error.code() is grpc.StatusCode.UNAVAILABLE and bool(_NOT_CONNECTED.search(_details(error)))


def is_unreachable(error: grpc.RpcError) -> bool:
    """Tells whether no server could be asked, rather than that one was asked and refused."""
    code = error.code()
    if code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        return True
    details = _details(error)
    return code is grpc.StatusCode.UNAVAILABLE and bool(
        _NOT_CONNECTED.search(details) or _CONNECTION_LOST.search(details)
    )


def is_unknown_region(error: grpc.RpcError) -> bool:
    """Tells whether the server does not know a shared memory region; it looks for it before it runs anything."""
    return _NO_SUCH_REGION in _details(error)


def is_output_too_large(error: grpc.RpcError) -> bool:
    """Tells whether an output did not fit the shared memory that the request had put aside for it."""
    return _OUTPUT_TOO_LARGE in _details(error)


def translate(error: grpc.RpcError, *, server: str, model: str, timeout: float | None) -> VisgateError:
    """Returns the error that tells a caller what happened and what to do.

    Args:
        error: what gRPC raised.
        server: the server's address.
        model: the model that was asked, or empty if the server itself was.
        timeout: the seconds that the caller gave for the whole call, or None for no limit.
    """
    return _translated(error.code(), _details(error), server=server, model=model, timeout=timeout)


def translate_refusal(message: str, *, server: str, model: str) -> VisgateError:
    """As `translate`, for what Triton says on a stream in words alone.

    Its header `triton_grpc_error` would add a status code, but after some dozens of errors with it Triton 2.51 crashes
    (tried), so this client does not send it: the words say enough.

    Args:
        message: what it says.
        server: the server's address.
        model: the model that was asked.
    """
    details = _REQUEST_ID.sub("", message)
    if _BUSY.search(details) or _CONNECTION_LOST.search(details):
        code = grpc.StatusCode.UNAVAILABLE
    elif details.startswith(f"model {model}:") or _STUB_FAILED.search(details):
        code = grpc.StatusCode.INTERNAL
    else:
        code = grpc.StatusCode.INVALID_ARGUMENT
    return _translated(code, details, server=server, model=model, timeout=None)


def _translated(code: grpc.StatusCode, details: str, *, server: str, model: str, timeout: float | None) -> VisgateError:
    if code is grpc.StatusCode.UNAVAILABLE:
        return _from_unavailable(details, server, model)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return deadline_error(server, model, timeout)
    if code is grpc.StatusCode.CANCELLED:
        return _from_cancelled(details, server)
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return _denied(details or code.name, server)
    if _UNKNOWN_MODEL.search(details):
        return UnknownModelError(
            f"server {server} has no model {model} that is ready ({details}); "
            "see what it serves with tools(), and its log for why a model did not load",
            model=model,
        )
    if code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
        return ArgumentError(f"the server refused the call: {details}")
    if code is grpc.StatusCode.UNIMPLEMENTED and (not details or details.startswith("Received http2 header")):
        return ConnectError(
            f"what answers at {server} is no Triton server ({details or 'no such method'}); "
            f"give the address of the server's gRPC port, {DEFAULT_GRPC_PORT} by default"
        )
    if code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN) and _CONNECTION_LOST.search(details):
        return _lost(server, details)
    return _server_error(model, details or code.name)


def deadline_error(server: str, model: str, timeout: float | None) -> DeadlineError:
    """Returns the error for a call whose time ran out."""
    given = "the time given" if timeout is None else f"{timeout:g} s"
    asked = f"model {model} at {server}" if model else f"server {server}"
    return DeadlineError(f"{asked} did not answer within {given}; give the call more time with timeout=SECONDS")


def _from_unavailable(details: str, server: str, model: str) -> VisgateError:
    if "Exceeds maximum queue size" in details:
        return ServerBusyError(f"model {model} at {server} has a full queue; try again later, or send fewer at once")
    if "Request timeout expired" in details:
        return ServerBusyError(
            f"model {model} at {server} did not come to this call in the time that it may wait in the queue; "
            "try again later, or send fewer at once"
        )
    if "restricted" in details:
        return _denied(details, server)
    if _NOT_CONNECTED.search(details):
        hint = ""
        if _UNTRUSTED.search(details):
            hint = (
                " The TLS handshake failed: did Security's root_certificates sign the server's certificate, does that "
                "bear this address (or server_name), and does the server ask for a certificate of yours?"
            )
        elif "Socket closed" in details or "http1" in details:
            hint = (
                f" Something listens there and closed the connection: is it the gRPC port ({DEFAULT_GRPC_PORT} by "
                "default), not the HTTP one; does the server speak TLS, and does it ask for a certificate of yours? "
                "Give those as Security(root_certificates=…, certificate=…, private_key=…)."
            )
        return ConnectError(
            f"no server answers at {server} ({_last_error(details)}); "
            f"start one with `visgate-server start`, or give the address of one that runs.{hint}"
        )
    return _lost(server, details)


def _from_cancelled(details: str, server: str) -> VisgateError:
    if "ocally cancelled" in details:
        return CallCancelledError("the call was cancelled by its caller")
    if "hannel closed" in details or "hannel is closed" in details:
        return CallCancelledError("the call was cancelled because the client was closed while it was under way")
    return _lost(server, details)


def _lost(server: str, details: str) -> ServerLostError:
    return ServerLostError(
        f"server {server} went away while the call was under way ({details}); "
        "whether the call ran is not known: see that the server runs again, then repeat the call"
    )


def _denied(details: str, server: str) -> AccessError:
    # What the client sent is not repeated here: Triton names the header that it expects, not its value.
    return AccessError(
        f"server {server} does not let this client do that ({details}); "
        "give it the token or the certificate that the server asks for: Security(token=…, token_header=…)"
    )


def _server_error(model: str, details: str) -> ServerError:
    reason = details.removeprefix(f"model {model}: ")
    who = f"model {model}" if model else "the server"
    return ServerError(f"{who} failed: {reason}", model=model, reason=reason)


def _details(error: grpc.RpcError) -> str:
    return _REQUEST_ID.sub("", error.details() or "")


def _last_error(details: str) -> str:
    """Cuts gRPC's enumeration of every address that it tried down to what the last one said."""
    return details.rsplit("last error: ", 1)[-1]
