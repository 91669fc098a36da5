"""Carries messages over gRPC, blocking or asyncio; the only module that opens a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from tritonclient.grpc import service_pb2_grpc

from visgate_client._address import ServerAddress
from visgate_client._steps import AsyncResponseStream, ResponseStream
from visgate_client.errors import CallCancelledError, ClientStateError

LARGEST_MESSAGE = 2**31 - 1  # bytes; gRPC keeps the length in a signed 32-bit number

_CLOSED = "the client is closed; make a new one"
_CLOSED_IN_MID_CALL = "the call was cancelled because the client was closed while it was under way"


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

    def open_stream(self, method: str, request: Any, timeout: float | None) -> ResponseStream:
        """Sends one request; its responses are received on the caller's thread."""
        try:
            call = getattr(self._stub, method)(iter((request,)), timeout=timeout)
        except ValueError as error:
            raise ClientStateError(_CLOSED) from error
        return _GrpcStream(call)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()


class _GrpcStream:
    """A `ResponseStream`. gRPC holds back a server that sends faster than responses are taken."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def receive(self) -> Any:
        """Waits for the next response."""
        return next(self._call, None)

    def cancel(self) -> None:
        """Cancels the call."""
        self._call.cancel()


class AioTransport:
    """An `AsyncTransport` over one gRPC channel, which belongs to the event loop that first uses it."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: Any = None
        self._stub: Any = None

    async def send(self, method: str, request: Any, timeout: float | None) -> Any:
        """Sends one request and awaits its response."""
        self._connect()
        try:
            return await getattr(self._stub, method)(request, timeout=timeout)
        except grpc.aio.UsageError as error:
            raise ClientStateError(_CLOSED) from error
        except asyncio.CancelledError as error:
            if _task_is_cancelled():
                raise
            raise CallCancelledError(_CLOSED_IN_MID_CALL) from error

    async def open_stream(self, method: str, request: Any, timeout: float | None) -> AsyncResponseStream:
        """Sends one request; its responses are awaited."""
        self._connect()
        try:
            return _AioStream(getattr(self._stub, method)((request,), timeout=timeout))
        except grpc.aio.UsageError as error:
            raise ClientStateError(_CLOSED) from error

    async def close(self) -> None:
        """Closes the channel."""
        if self._channel is not None:
            await self._channel.close()

    def _connect(self) -> None:
        """Opens the channel, here and not in the constructor, because a channel binds itself to the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            options = channel_options(self._address)
            self._channel = grpc.aio.insecure_channel(self._address.target, options=options)
            self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
            self._loop = loop
        elif self._loop is not loop:
            raise ClientStateError(
                "this AsyncVisionClient belongs to another event loop; make one client per event loop"
            )


class _AioStream:
    """An `AsyncResponseStream`."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def receive(self) -> Any:
        """Awaits the next response."""
        try:
            response = await self._call.read()
        except asyncio.CancelledError as error:
            if _task_is_cancelled():
                raise
            raise CallCancelledError(_CLOSED_IN_MID_CALL) from error
        return None if response is grpc.aio.EOF else response

    def cancel(self) -> None:
        """Cancels the call."""
        self._call.cancel()


def _task_is_cancelled() -> bool:
    """Tells a task that was cancelled from a call whose channel was closed: gRPC raises the same in both."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
