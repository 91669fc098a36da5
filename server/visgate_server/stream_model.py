"""The shape of a model that answers in its own time, with progress; knows nothing about Triton.

`visgate_server.stream_server` hands it requests and runs its loop, and `visgate_server.stream_backend` brings the
requests from Triton and takes the responses back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Protocol

from visgate_server.model_spec import ModelSpec
from visgate_server.response_tensors import Times
from visgate_server.tool_model import Image, ModelCaller, ToolRequest, ToolResponse


class ResponseStream(Protocol):
    """Where a model puts what it has to say to one request; every method may be called from any thread.

    The first `finish` or `fail` ends it; whatever comes after that is dropped in silence, so that a model need not
    know whether somebody else, a server that stops for one, has ended it already.
    """

    @property
    def queue_timeout_s(self) -> float:
        """How long the request may wait before its work begins, in seconds."""
        ...

    def progress(self, step: int, of: int, preview: Image | None) -> None:
        """Tells of progress; the oldest is left out where the responses cannot be sent as fast as they come.

        Args:
            step: steps that are done.
            of: steps that there will be.
            preview: UINT8 [height, width, 3], 0–255, or none this time.
        """
        ...

    def finish(self, response: ToolResponse, times: Times) -> None:
        """Gives the result."""
        ...

    def fail(self, error: Exception) -> None:
        """Says why there will be no result."""
        ...

    def is_cancelled(self) -> bool:
        """Whether nobody waits for the result any more. Takes some 30 µs: fine once a step."""
        ...


class StreamModel(ABC):
    """A served model that works on many requests at once, in a loop of its own. Subclasses declare `spec`."""

    spec: ClassVar[ModelSpec]

    @abstractmethod
    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        """Opens what the model needs, once.

        Args:
            folder: the model's version folder, where the export put its networks.
            call_models: how this model calls others.

        Raises:
            NetworkError: a network cannot be opened.
        """

    @abstractmethod
    def start(self, request: ToolRequest, stream: ResponseStream) -> None:
        """Takes a request on and returns at once; the loop works on it, and answers on `stream`.

        Raises:
            InvalidArgumentError: the request cannot be served, with what to do about it.
            QueueFullError: too many wait already.
        """

    @abstractmethod
    def run_forever(self) -> None:
        """The loop; runs in a thread of its own and returns after `stop`. What it raises ends the model."""

    @abstractmethod
    def stop(self) -> None:
        """Makes `run_forever` return soon; any thread may call."""
