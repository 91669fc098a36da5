"""Carries messages over gRPC, blocking or asyncio; the only module that opens a connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import grpc
from tritonclient.grpc import service_pb2_grpc

from visgate_client._address import ServerAddress
from visgate_client._security import Security
from visgate_client._steps import AsyncResponseStream, ResponseStream, Rpc
from visgate_client.errors import ArgumentError, CallCancelledError, ClientStateError

LARGEST_MESSAGE = 2**31 - 1  # bytes; gRPC keeps the length in a signed 32-bit number

Compression = Literal["none", "deflate", "gzip"]
"""How messages are packed on their way to the server, without loss."""

_COMPRESSIONS = {
    "none": grpc.Compression.NoCompression,
    "deflate": grpc.Compression.Deflate,
    "gzip": grpc.Compression.Gzip,
}

_CLOSED = "the client is closed; make a new one"
_CLOSED_IN_MID_CALL = "the call was cancelled because the client was closed while it was under way"
_CANCELLED_BY_CALLER = "the call was cancelled by its caller"

# A server that has no health service, or none that can be watched, counts as healthy while it can be reached.
_BALANCED = json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}})


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a client connects to, and how.

    Attributes:
        addresses: the servers, one channel each.
        security: how the connections are protected.
        compression: how messages are packed.
    """

    addresses: tuple[ServerAddress, ...]
    security: Security = field(default_factory=Security)
    compression: Compression = "none"

    def __post_init__(self) -> None:
        if self.compression not in get_args(Compression):
            raise ArgumentError(
                f"compression: {self.compression!r} is none; give one of {', '.join(get_args(Compression))}",
                path="compression",
                expected="one of " + ", ".join(get_args(Compression)),
            )


def channel_options(address: ServerAddress, security: Security | None = None) -> list[tuple[str, int | str]]:
    """Returns every channel option that matters: options given to a channel replace all of a library's own."""
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ("grpc.max_receive_message_length", LARGEST_MESSAGE),
        # gRPC waits up to two minutes before it tries again to reach a server that restarts; a second will do.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # Triton closes connections that ping more often than it allows, so keepalive pings stay off.
        ("grpc.keepalive_time_ms", LARGEST_MESSAGE),
    ]
    if address.on_this_host:
        # gRPC heeds http_proxy for loopback addresses too, where a proxy is never meant.
        options.append(("grpc.enable_http_proxy", 0))
    if address.is_balanced:
        options.append(("grpc.service_config", _BALANCED))
        # Names are asked for again this often at most where a server was lost; 30 s is gRPC's own.
        options.append(("grpc.dns_min_time_between_resolutions_ms", 1000))
    if security is not None and security.server_name:
        options.append(("grpc.ssl_target_name_override", security.server_name))
    return options


class GrpcTransport:
    """A `Transport` over a gRPC channel to each server, shared by any number of threads."""

    def __init__(self, connection: Connection) -> None:
        self._metadata = connection.security.metadata
        credentials = connection.security.channel_credentials()
        self._channels = _open(connection, credentials, grpc.insecure_channel, grpc.secure_channel)
        self._stubs = [service_pb2_grpc.GRPCInferenceServiceStub(channel) for channel in self._channels]

    def send(self, rpc: Rpc) -> Any:
        """Sends one request and waits for its response."""
        method = getattr(self._stubs[rpc.endpoint], rpc.method)
        metadata = rpc.metadata + self._metadata
        try:
            if rpc.cancellation is None:
                return method(rpc.request, timeout=rpc.timeout, metadata=metadata)
            future = method.future(rpc.request, timeout=rpc.timeout, metadata=metadata)
        except ValueError as error:  # what gRPC raises for a closed channel
            raise ClientStateError(_CLOSED) from error
        detach = rpc.cancellation.attach(future.cancel)
        try:
            return future.result()
        except grpc.FutureCancelledError as error:
            raise CallCancelledError(_CANCELLED_BY_CALLER) from error
        finally:
            future.cancel()  # an interrupt from the keyboard must not leave it running; what is over stays as it is
            detach()

    def open_stream(self, rpc: Rpc) -> ResponseStream:
        """Sends one request; its responses are received on the caller's thread."""
        method = getattr(self._stubs[rpc.endpoint], rpc.method)
        try:
            call = method(iter((rpc.request,)), timeout=rpc.timeout, metadata=rpc.metadata + self._metadata)
        except ValueError as error:
            raise ClientStateError(_CLOSED) from error
        return _GrpcStream(call, rpc.cancellation.attach(call.cancel) if rpc.cancellation else _nothing)

    def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels:
            channel.close()


class _GrpcStream:
    """A `ResponseStream`. gRPC holds back a server that sends faster than responses are taken."""

    def __init__(self, call: Any, detach: Callable[[], None]) -> None:
        self._call = call
        self._detach = detach

    def receive(self) -> Any:
        """Waits for the next response."""
        return next(self._call, None)

    def cancel(self) -> None:
        """Cancels the call."""
        self._detach()
        self._call.cancel()


class AioTransport:
    """An `AsyncTransport` over a gRPC channel to each server, which belong to the event loop that first uses them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._credentials = connection.security.channel_credentials()
        self._metadata = connection.security.metadata
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channels: list[Any] = []
        self._stubs: list[Any] = []

    async def send(self, rpc: Rpc) -> Any:
        """Sends one request and awaits its response."""
        method = self._method(rpc)
        detach = _nothing
        try:
            call = method(rpc.request, timeout=rpc.timeout, metadata=rpc.metadata + self._metadata)
            if rpc.cancellation is not None:
                detach = rpc.cancellation.attach(self._in_loop(call.cancel))
            return await call
        except grpc.aio.UsageError as error:
            raise ClientStateError(_CLOSED) from error
        except asyncio.CancelledError as error:
            if _task_is_cancelled():
                raise
            raise _cancelled(rpc) from error
        finally:
            detach()

    async def open_stream(self, rpc: Rpc) -> AsyncResponseStream:
        """Sends one request; its responses are awaited."""
        method = self._method(rpc)
        try:
            call = method((rpc.request,), timeout=rpc.timeout, metadata=rpc.metadata + self._metadata)
        except grpc.aio.UsageError as error:
            raise ClientStateError(_CLOSED) from error
        cancellation = rpc.cancellation
        detach = _nothing if cancellation is None else cancellation.attach(self._in_loop(call.cancel))
        return _AioStream(call, rpc, detach)

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels:
            await channel.close()

    def _method(self, rpc: Rpc) -> Any:
        """Opens the channels, here and not in the constructor, because a channel binds itself to the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            opening = (grpc.aio.insecure_channel, grpc.aio.secure_channel)
            self._channels = _open(self._connection, self._credentials, *opening)
            self._stubs = [service_pb2_grpc.GRPCInferenceServiceStub(channel) for channel in self._channels]
            self._loop = loop
        elif self._loop is not loop:
            raise ClientStateError(
                "this AsyncVisionClient belongs to another event loop; make one client per event loop"
            )
        return getattr(self._stubs[rpc.endpoint], rpc.method)

    def _in_loop(self, callback: Callable[[], object]) -> Callable[[], object]:
        loop = asyncio.get_running_loop()
        return lambda: loop.call_soon_threadsafe(callback)


class _AioStream:
    """An `AsyncResponseStream`."""

    def __init__(self, call: Any, rpc: Rpc, detach: Callable[[], None]) -> None:
        self._call = call
        self._rpc = rpc
        self._detach = detach

    async def receive(self) -> Any:
        """Awaits the next response."""
        try:
            response = await self._call.read()
        except asyncio.CancelledError as error:
            if _task_is_cancelled():
                raise
            raise _cancelled(self._rpc) from error
        return None if response is grpc.aio.EOF else response

    def cancel(self) -> None:
        """Cancels the call."""
        self._detach()
        self._call.cancel()


def _open(
    connection: Connection, credentials: Any, insecure: Callable[..., Any], secure: Callable[..., Any]
) -> list[Any]:
    compression = _COMPRESSIONS[connection.compression]
    channels = []
    for address in connection.addresses:
        options = channel_options(address, connection.security)
        if credentials is None:
            channels.append(insecure(address.target, options=options, compression=compression))
        else:
            channels.append(secure(address.target, credentials, options=options, compression=compression))
    return channels


def _task_is_cancelled() -> bool:
    """Tells a task that was cancelled from a call whose channel was closed: gRPC raises the same in both."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _cancelled(rpc: Rpc) -> CallCancelledError:
    by_caller = rpc.cancellation is not None and rpc.cancellation.is_cancelled
    return CallCancelledError(_CANCELLED_BY_CALLER if by_caller else _CLOSED_IN_MID_CALL)


def _nothing() -> None:
    return None
