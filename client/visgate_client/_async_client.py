"""The asyncio client: awaits the core's steps on the caller's event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from visgate_client._cancellation import Cancellation
from visgate_client._channel import AioTransport, Compression
from visgate_client._core import ClientCore, ClientOptions, ToolCall
from visgate_client._picture_files import PictureFormat, PicturePacking
from visgate_client._results import Progress, ToolResult
from visgate_client._retries import Retries
from visgate_client._security import Security
from visgate_client._statistics import ModelStatistics
from visgate_client._steps import AsyncTransport, run_async, run_stream_async
from visgate_client._tools import Tool


class AsyncVisionClient:
    """Calls the tools of a visgate server, or any model of a Triton server, without holding up an event loop.

    It does what `VisionClient` does, and raises what that raises. One client belongs to one event loop, that
    of its first call, and serves any number of tasks there; make it once, not for every call. Cancelling the
    task around a call cancels the call in the server.

    Example::

        async with AsyncVisionClient("localhost:8001") as client:
            results = await asyncio.gather(*(client.call("detect_edges", image=photo) for photo in photos))
    """

    def __init__(
        self,
        server: str | Sequence[str] = "localhost:8001",
        *,
        timeout: float = 60.0,
        shared_memory: bool = True,
        security: Security | None = None,
        retries: Retries | None = None,
        compression: Compression = "none",
        pictures: PictureFormat = "raw",
        picture_quality: int = 90,
        transport: AsyncTransport | None = None,
    ) -> None:
        """Prepares a client; see `VisionClient`."""
        packing = PicturePacking(pictures, picture_quality)
        options = ClientOptions(
            timeout, shared_memory, security or Security(), retries or Retries(), compression, packing
        )
        self._core = ClientCore(server, options)
        self._transport = AioTransport(self._core.connection) if transport is None else transport

    async def tools(self, *, refresh: bool = False, timeout: float | None = None) -> tuple[Tool, ...]:
        """Returns the tools of every model that is ready; see `VisionClient.tools`."""
        return await run_async(self._core.tools(refresh=refresh, timeout=timeout), self._transport)

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        cancellation: Cancellation | None = None,
        **more_arguments: Any,
    ) -> ToolResult:
        """Calls a tool and returns what it answered; see `VisionClient.call`.

        Pictures that have to be read or decoded are read and decoded on a thread.
        """
        merged = {**(arguments or {}), **more_arguments}
        return await run_async(self._core.call(ToolCall(tool, merged, timeout, cancellation)), self._transport)

    def stream(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        cancellation: Cancellation | None = None,
        **more_arguments: Any,
    ) -> AsyncGenerator[Progress | ToolResult, None]:
        """Calls a tool and yields its progress while it works, and its result as the last; see `VisionClient.stream`.

        A loop that is left early is cancelled in the server when asyncio closes its generator, which is soon; where
        it has to be at once, hold it with ``contextlib.aclosing``. Cancelling the task around it cancels it too.
        """
        merged = {**(arguments or {}), **more_arguments}
        call = ToolCall(tool, merged, timeout, cancellation, watched=True)
        return run_stream_async(self._core.stream(call), self._transport)

    async def infer(
        self, model: str, inputs: Mapping[str, npt.ArrayLike], *, timeout: float | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Sends arrays to any model as they are and returns all its outputs; see `VisionClient.infer`."""
        return await run_async(self._core.infer(model, inputs, timeout), self._transport)

    async def statistics(self, model: str, *, timeout: float | None = None) -> ModelStatistics:
        """Returns what the server counted about a model; see `VisionClient.statistics`."""
        return await run_async(self._core.statistics(model, timeout), self._transport)

    async def is_ready(self, *, timeout: float | None = None) -> bool:
        """Tells whether the server answers and all its models are loaded."""
        return await run_async(self._core.is_ready(timeout), self._transport)

    async def close(self) -> None:
        """Gives the shared memory back and disconnects; calls under way in other tasks are cancelled."""
        try:
            await run_async(self._core.close(), self._transport)
        finally:
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncVisionClient({self._core.servers!r}, timeout={self._core.timeout})"
