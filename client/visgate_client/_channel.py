"""Carries messages over gRPC, blocking or asyncio; the only module that opens a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from tritonclient.grpc import service_pb2_grpc

from visgate_client._address import ServerAddress
from visgate_client.errors import ClientStateError

LARGEST_MESSAGE = 2**31 - 1  # bytes; gRPC keeps the length in a signed 32-bit number

_CLOSED = "the client is closed; make a new one"


def channel_options(address: ServerAddress) -> list[tuple[str, int]]:
    """Returns every channel option that matters: options given to a channel replace all of a library's own."""
    options = [
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
    return options


class GrpcTransport:
    """A `Transport` over one gRPC channel, shared by any number of threads."""

    def __init__(self, address: ServerAddress) -> None:
        self._channel = grpc.insecure_channel(address.target, options=channel_options(address))
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)

    def send(self, method: str, request: Any, timeout: float | None) -> Any:
        """Sends one request and waits for its response."""
        try:
            return getattr(self._stub, method)(request, timeout=timeout)
        except ValueError as error:  # what gRPC raises for a closed channel
            raise ClientStateError(_CLOSED) from error

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


class AioTransport:
    """An `AsyncTransport` over one gRPC channel, which belongs to the event loop that first uses it."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: Any = None
        self._stub: Any = None

    async def send(self, method: str, request: Any, timeout: float | None) -> Any:
        """Sends one request and awaits its response."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            # Opened here and not in the constructor, because a channel binds itself to the running loop.
            options = channel_options(self._address)
            self._channel = grpc.aio.insecure_channel(self._address.target, options=options)
            self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
            self._loop = loop
        elif self._loop is not loop:
            raise ClientStateError(
                "this AsyncVisionClient belongs to another event loop; make one client per event loop"
            )
        try:
            return await getattr(self._stub, method)(request, timeout=timeout)
        except grpc.aio.UsageError as error:
            raise ClientStateError(_CLOSED) from error

    async def close(self) -> None:
        """Closes the channel."""
        if self._channel is not None:
            await self._channel.close()
