"""The shape of a served model: preprocess, run, postprocess; knows nothing about Triton or how requests arrive.

A model is written as three small functions. `visgate_server.batching` calls them for whatever requests came in
together, and `visgate_server.python_backend` brings those from Triton and takes the responses back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Tensors

Image = NDArray[np.uint8]
"""A picture: UINT8 [height, width, channels], 0–255, RGB order."""

ContextT = TypeVar("ContextT")


@dataclass(frozen=True)
class ToolRequest:
    """One checked row of a request: every argument by name, defaults filled in.

    `arguments` holds an `Image` for a picture argument and a plain Python value for every other.
    """

    arguments: Mapping[str, Any]

    def image(self, name: str = "image") -> Image:
        """A picture argument, UINT8 [height, width, 3], RGB."""
        value: Image = self.arguments[name]
        return value

    def number(self, name: str) -> float:
        """A number argument."""
        return float(self.arguments[name])

    def integer(self, name: str) -> int:
        """An integer argument."""
        return int(self.arguments[name])

    def flag(self, name: str) -> bool:
        """A boolean argument."""
        return bool(self.arguments[name])

    def text(self, name: str) -> str:
        """A text argument."""
        return str(self.arguments[name])


@dataclass(frozen=True)
class ToolResponse:
    """What a tool answers: a sentence for the LLM, data for programs, pictures for people.

    Attributes:
        data: plain JSON values; coordinates are pixels of the picture that was given.
        pictures: by output tensor name, UINT8 [height, width, channels].
    """

    text: str
    data: Mapping[str, Any]
    pictures: Mapping[str, Image] = field(default_factory=dict)


@dataclass(frozen=True)
class TensorResponse:
    """What a model that offers no tool answers: its output tensors for one row, without the batch axis."""

    tensors: Tensors


@dataclass(frozen=True)
class Prepared(Generic[ContextT]):
    """A request made ready for the network.

    Attributes:
        tensors: the network's inputs for this request, without the batch axis.
        context: what `postprocess` needs to know of the preparation, such as a scale.
    """

    tensors: Tensors
    context: ContextT


Response = ToolResponse | TensorResponse


OnProgress = Callable[[Tensors], None]
"""Called with the tensors of each response that comes ahead of the result."""


@dataclass(frozen=True)
class ModelCall:
    """A request to another tool model of the same server; a batch axis leads each input tensor.

    Attributes:
        outputs: of the result.
        streams: the model answers with several responses: progress, and then the result.
        on_progress: gets the tensors of progress, in the thread that makes the call; it must not raise.
    """

    model: str
    inputs: Tensors
    outputs: tuple[str, ...]
    streams: bool = False
    on_progress: OnProgress | None = None


class ModelCaller(Protocol):
    """Calls other models of the same server, without a trip over the network."""

    def __call__(self, calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        """Makes every call at once and returns their outputs in order; a batch axis leads each tensor.

        Raises:
            ModelFaultError: a model is missing or failed; the message names it.
        """
        ...


class ToolModel(ABC, Generic[ContextT]):
    """A served model. Subclasses declare `spec` and write the three functions.

    Rows whose prepared tensors have equal names, shapes and types are stacked and run together.
    """

    spec: ClassVar[ModelSpec]

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        """Opens what the model needs, once.

        Args:
            folder: the model's version folder, where the export put its networks.
            call_models: how this model calls others, for composite models.

        Raises:
            NetworkError: a network cannot be opened.
        """
        return

    @abstractmethod
    def preprocess(self, request: ToolRequest) -> Prepared[ContextT]:
        """Turns one request into the network's inputs.

        Raises:
            InvalidArgumentError: the request cannot be served, with what to do about it.
        """

    @abstractmethod
    def run(self, batch: Tensors) -> Tensors:
        """Runs stacked inputs; returns outputs whose first axis is the batch, in the same order."""

    @abstractmethod
    def postprocess(self, outputs: Tensors, request: ToolRequest, context: ContextT) -> Response:
        """Turns one row of the network's outputs, without the batch axis, into the response.

        A model with tools returns a `ToolResponse`, one without a `TensorResponse`.
        """
