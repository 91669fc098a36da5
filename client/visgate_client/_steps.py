"""Lets one description of a call serve a blocking and an asyncio client; knows no protocol.

What a client does is written once, as a generator that yields each thing that takes waiting: an `Rpc` to be
sent, a stream to be opened and received from, a `Pause`, or `Offload`ed work that would hold up an event loop.
`run` performs the steps by blocking, `run_async` by awaiting; `run_stream` and `run_stream_async` hand on what
the generator `Deliver`s besides. Whatever a step raises, cancellation included, is raised inside the generator,
so that its `except` and `finally` clauses see it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from visgate_client._cancellation import Cancellation

T = TypeVar("T")


Metadata = tuple[tuple[str, str], ...]
"""Headers of one remote call, as gRPC takes them: lower-case names and ASCII values."""


class Rpc(NamedTuple):
    """One remote call to be made. What is made anew for every call is a tuple: a dataclass takes three times as long.

    Attributes:
        method: a method of KServe's `GRPCInferenceService`, as in ``ModelInfer``.
        request: that method's request message.
        timeout: seconds until the call, a stream with all its responses, is given up; None for no limit.
        metadata: headers of this call beside those that every call of the client carries.
        endpoint: which of the client's servers is meant, counted from 0.
        cancellation: what may give the call up from outside.
    """

    method: str
    request: Any
    timeout: float | None
    metadata: Metadata = ()
    endpoint: int = 0
    cancellation: Cancellation | None = None


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A remote call whose responses come one by one; the step gives what `Receive` takes.

    Attributes:
        rpc: the call.
    """

    rpc: Rpc


@dataclass(frozen=True, slots=True)
class Receive:
    """The next response of a stream; the step gives None after the last.

    Attributes:
        responses: what `OpenStream` gave.
    """

    responses: Any


@dataclass(frozen=True, slots=True)
class Deliver:
    """Something for the caller while the call goes on; who waits for the end alone does not see it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Offload:
    """Work that reads files or decodes pictures and would hold up an event loop."""

    work: Callable[[], Any]


Step = Rpc | OpenStream | Receive | Deliver | Pause | Offload
Steps = Generator[Step, Any, T]


class ResponseStream(Protocol):
    """The responses of one streaming call, taken one by one: none is asked for before the caller wants it."""

    def receive(self) -> Any:
        """Returns the next response, or None after the last.

        Raises:
            grpc.RpcError: the call failed; `code()` and `details()` say how.
        """

    def cancel(self) -> None:
        """Gives the call up, in the server too; a call that is over stays as it ended."""


class AsyncResponseStream(Protocol):
    """As `ResponseStream`, awaited."""

    async def receive(self) -> Any:
        """As `ResponseStream.receive`."""

    def cancel(self) -> None:
        """As `ResponseStream.cancel`; waits for nothing."""


class Transport(Protocol):
    """What lies below a blocking client: it carries protobuf messages and knows nothing about tools."""

    def send(self, rpc: Rpc) -> Any:
        """Sends one request and returns its response.

        Raises:
            grpc.RpcError: the call failed; `code()` and `details()` say how.
        """

    def open_stream(self, rpc: Rpc) -> ResponseStream:
        """Sends one request whose responses are then received one by one."""

    def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled."""


class AsyncTransport(Protocol):
    """What lies below an asyncio client: as `Transport`, awaited."""

    async def send(self, rpc: Rpc) -> Any:
        """As `Transport.send`; cancelling the task that awaits it cancels the call in the server."""

    async def open_stream(self, rpc: Rpc) -> AsyncResponseStream:
        """As `Transport.open_stream`."""

    async def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled."""


def run(steps: Steps[T], transport: Transport) -> T:
    """Performs the steps one after another, blocking, and returns what the generator returns."""
    try:
        step = next(steps)
        while True:
            try:
                value = _perform(step, transport)
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def run_stream(steps: Steps[None], transport: Transport) -> Generator[Any, None, None]:
    """As `run`, yielding what is delivered; closing this generator closes the steps."""
    try:
        step = next(steps)
        while True:
            try:
                value = (yield step.value) if isinstance(step, Deliver) else _perform(step, transport)
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration:
        return


async def run_async(steps: Steps[T], transport: AsyncTransport) -> T:
    """As `run`, awaiting instead of blocking; offloaded work goes to a thread."""
    try:
        step = next(steps)
        while True:
            try:
                value = await _perform_async(step, transport)
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def run_stream_async(steps: Steps[None], transport: AsyncTransport) -> AsyncGenerator[Any, None]:
    """As `run_stream`, awaiting."""
    try:
        step = next(steps)
        while True:
            try:
                value = (yield step.value) if isinstance(step, Deliver) else await _perform_async(step, transport)
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration:
        return


def _perform(step: Step, transport: Transport) -> Any:
    match step:
        case Rpc():
            return transport.send(step)
        case OpenStream(rpc):
            return transport.open_stream(rpc)
        case Receive(responses):
            return responses.receive()
        case Pause(seconds):
            return time.sleep(seconds)
        case Offload(work):
            return work()
        case Deliver():
            return None


async def _perform_async(step: Step, transport: AsyncTransport) -> Any:
    match step:
        case Rpc():
            return await transport.send(step)
        case OpenStream(rpc):
            return await transport.open_stream(rpc)
        case Receive(responses):
            return await responses.receive()
        case Pause(seconds):
            return await asyncio.sleep(seconds)
        case Offload(work):
            return await asyncio.to_thread(work)
        case Deliver():
            return None
