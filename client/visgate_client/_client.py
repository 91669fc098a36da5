"""The blocking client: performs the core's steps one after another on the caller's thread."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from visgate_client._cancellation import Cancellation
from visgate_client._channel import Compression, GrpcTransport
from visgate_client._core import ClientCore, ClientOptions, ToolCall
from visgate_client._picture_files import PictureFormat, PicturePacking
from visgate_client._results import Progress, ToolResult
from visgate_client._retries import Retries
from visgate_client._security import Security
from visgate_client._statistics import ModelStatistics
from visgate_client._steps import Transport, run, run_stream
from visgate_client._tools import Tool


class VisionClient:
    """Calls the tools of a visgate server, or any model of a Triton server, and waits for the answers.

    One client serves any number of threads. On the server's own host pictures go through shared memory where
    the server grants it; `close`, or the end of a ``with`` block, gives that back.

    Example::

        with VisionClient("localhost:8001") as client:
            result = client.call("detect_edges", image="photo.jpg")
            result.image.save("edges.png")
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
        transport: Transport | None = None,
    ) -> None:
        """Prepares a client; the first call connects.

        Args:
            server: HOST:PORT of the server's gRPC port; several of them, which then get the calls in turn while they
                are ready; or ``dns:///HOST:PORT`` for all servers that a name stands for.
            timeout: seconds that a call may take in all, where it does not say otherwise; math.inf for no limit.
            shared_memory: whether pictures may go through shared memory where there is one server, on this host.
            security: certificates and tokens, perhaps ``Security.from_environment()``; plain text by default.
            retries: how often a call is made again that failed without having run; ``Retries(attempts=1)`` for never.
            compression: how messages are packed, without loss, for links that are slower than packing.
            pictures: "raw" sends and gets pixels, which is fastest on a host or in a rack. "jpeg" and "webp" are for
                thin links: photos travel as such files, a tenth to a twentieth of the bytes, and lose a little;
                masks, edges, depth and the like travel as files without loss. A JPEG or WebP file that is given
                goes as it is. No picture goes through shared memory then.
            picture_quality: of photos that are packed, 1 to 100.
            transport: what carries the messages, instead of gRPC channels to `server`.

        Raises:
            ArgumentError: the address or the timeout is none, or a certificate cannot be read.
        """
        packing = PicturePacking(pictures, picture_quality)
        options = ClientOptions(
            timeout, shared_memory, security or Security(), retries or Retries(), compression, packing
        )
        self._core = ClientCore(server, options)
        self._transport = GrpcTransport(self._core.connection) if transport is None else transport

    def tools(self, *, refresh: bool = False, timeout: float | None = None) -> tuple[Tool, ...]:
        """Returns the tools of every model that is ready.

        They are read once and remembered; a call of a tool that is not among them reads them again.

        Args:
            refresh: read them again now.
            timeout: seconds that this may take, instead of the client's.

        Raises:
            ConnectError: no server answers.
            VisgateError: another class of the tree says what else went wrong.
        """
        return run(self._core.tools(refresh=refresh, timeout=timeout), self._transport)

    def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        cancellation: Cancellation | None = None,
        **more_arguments: Any,
    ) -> ToolResult:
        """Calls a tool and returns what it answered.

        Arguments are given by keyword, or as a mapping where a program made them up: a mapping can hold any
        name, ``timeout`` included. They are checked against the tool's JSON Schema before anything is sent.

        Args:
            tool: the tool's name.
            arguments: arguments by name. A picture is a PIL image, a uint8 array, a file's path or its bytes.
            timeout: seconds that the call may take, repetitions included, instead of the client's. The server drops
                the call from its queue when they are over.
            cancellation: what may give the call up from another thread.
            **more_arguments: arguments by keyword; they win over `arguments`.

        Raises:
            ArgumentError: an argument is wrong; `PictureError` if it is a picture.
            UnknownToolError: no model that is ready offers the tool.
            ConnectError: no server answers.
            AccessError: the server asks for a token or a certificate.
            ServerLostError: the server went away while the call was under way.
            DeadlineError: the time ran out.
            ServerBusyError: the model's queue is full.
            CallCancelledError: the call was cancelled, or the client closed, while it was under way.
            ServerError: the model failed.
        """
        merged = {**(arguments or {}), **more_arguments}
        return run(self._core.call(ToolCall(tool, merged, timeout, cancellation)), self._transport)

    def stream(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        cancellation: Cancellation | None = None,
        **more_arguments: Any,
    ) -> Generator[Progress | ToolResult, None, None]:
        """Calls a tool and yields its progress while it works, and its result as the last.

        A tool that does not stream yields its result alone. The call is made when the first item is asked for;
        leaving the loop, or closing the generator, cancels it in the server. Who takes long over an item holds
        the server's responses back, and the call's time goes on.

        Example::

            for item in client.stream("generate_image", prompt="a cat left of an apple"):
                if isinstance(item, Progress):
                    print(item.step, "of", item.of)
                else:
                    item.image.save("drawing.png")

        Args:
            tool: the tool's name.
            arguments: as for `call`.
            timeout: seconds that the call may take in all, instead of the client's.
            cancellation: what may give the call up from another thread.
            **more_arguments: as for `call`.

        Raises:
            VisgateError: as for `call`; after progress too.
        """
        merged = {**(arguments or {}), **more_arguments}
        call = ToolCall(tool, merged, timeout, cancellation, watched=True)
        return run_stream(self._core.stream(call), self._transport)

    def infer(
        self, model: str, inputs: Mapping[str, npt.ArrayLike], *, timeout: float | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Sends arrays to any model as they are and returns all its outputs by name.

        Args:
            model: the model's name.
            inputs: arrays by the name of the tensor, batch axis included; their types say the Triton datatype.
                Text is an array of bytes or str objects.
            timeout: seconds that the call may take, instead of the client's.

        Returns:
            Read-only arrays by the name of the tensor; text as an array of bytes objects.

        Raises:
            ArgumentError: an array cannot be sent, or the server refused it.
            UnknownModelError: the server has no such model, or it is not loaded.
            VisgateError: as for `call`.
        """
        return run(self._core.infer(model, inputs, timeout), self._transport)

    def statistics(self, model: str, *, timeout: float | None = None) -> ModelStatistics:
        """Returns what the server counted about a model since it loaded it.

        Raises:
            UnknownModelError: the server has no such model, or it is not loaded.
            VisgateError: as for `tools`.
        """
        return run(self._core.statistics(model, timeout), self._transport)

    def is_ready(self, *, timeout: float | None = None) -> bool:
        """Tells whether the server answers and all its models are loaded."""
        return run(self._core.is_ready(timeout), self._transport)

    def close(self) -> None:
        """Gives the shared memory back and disconnects; calls under way on other threads are cancelled."""
        try:
            run(self._core.close(), self._transport)
        finally:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"VisionClient({self._core.servers!r}, timeout={self._core.timeout})"
