"""Lets one description of a call serve a blocking and an asyncio client; knows no protocol.

What a client does is written once, as a generator that yields each thing that takes waiting: an `Rpc`
to be sent, or `Offload`ed work that would hold up an event loop. `run` performs the steps by blocking,
`run_async` by awaiting. Whatever a step raises, cancellation included, is raised inside the generator,
so that its `except` and `finally` clauses see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rpc:
    """One remote call to be made.

    Attributes:
        method: a method of KServe's `GRPCInferenceService`, as in ``ModelInfer``.
        request: that method's request message.
        timeout: seconds until the call is given up, or None for no limit.
    """

    method: str
    request: Any
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Offload:
    """Work that reads files or decodes pictures and would hold up an event loop."""

    work: Callable[[], Any]


Steps = Generator[Rpc | Offload, Any, T]


class Transport(Protocol):
    """What lies below a blocking client: it carries protobuf messages and knows nothing about tools."""

    def send(self, method: str, request: Any, timeout: float | None) -> Any:
        """Sends one request and returns its response.

        Raises:
            grpc.RpcError: the call failed; `code()` and `details()` say how.
        """

    def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled."""


class AsyncTransport(Protocol):
    """What lies below an asyncio client: as `Transport`, awaited."""

    async def send(self, method: str, request: Any, timeout: float | None) -> Any:
        """As `Transport.send`; cancelling the task that awaits it cancels the call in the server."""

    async def close(self) -> None:
        """Ends the connection; calls that are under way are cancelled."""


def run(steps: Steps[T], transport: Transport) -> T:
    """Performs the steps one after another, blocking, and returns what the generator returns."""
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Rpc):
                    value = transport.send(step.method, step.request, step.timeout)
                else:
                    value = step.work()
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def run_async(steps: Steps[T], transport: AsyncTransport) -> T:
    """As `run`, awaiting instead of blocking; offloaded work goes to a thread."""
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Rpc):
                    value = await transport.send(step.method, step.request, step.timeout)
                else:
                    value = await asyncio.to_thread(step.work)
            except BaseException as error:  # noqa: BLE001 - handed to the generator, which raises it again
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
