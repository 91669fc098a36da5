"""What the agent needs of a vision server, as a protocol; `visgate_client.AsyncVisionClient` fulfils it.

This is the seam at which tests put a server of their own, and the only place that knows how a tool's JSON Schema
says "picture".
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_client import Progress, ServerError, Tool, ToolResult

Tensor = NDArray[Any]


class VisionServer(Protocol):
    """A server that lists its tools, calls one, and runs a model on raw tensors."""

    async def tools(self, *, refresh: bool = False) -> tuple[Tool, ...]:
        """The tools of all models that are ready; perhaps from memory, unless asked to refresh it."""
        ...

    async def call(self, tool: str, arguments: Mapping[str, Any], /) -> ToolResult:
        """Calls one tool; raises a `VisgateError` for anything that is not a result."""
        ...

    def stream(self, tool: str, arguments: Mapping[str, Any], /) -> AsyncGenerator[Progress | ToolResult, None]:
        """As `call`, with a streaming tool's progress ahead of the result; closing the generator cancels the call."""
        ...

    async def infer(self, model: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Runs one model on tensors by name and returns its output tensors by name."""
        ...


async def call_watched(
    vision: VisionServer, tool: Tool, arguments: Mapping[str, Any], on_progress: Callable[[Progress], None]
) -> ToolResult:
    """Calls a tool, with its progress told as it comes; a tool that does not stream tells none.

    Raises:
        VisgateError: there is no result.
    """
    if not tool.streams:
        return await vision.call(tool.name, arguments)
    async with aclosing(vision.stream(tool.name, arguments)) as items:
        async for item in items:
            if isinstance(item, ToolResult):
                return item
            on_progress(item)
    raise ServerError(f"{tool.name} ended without a result: look at the model {tool.model}", model=tool.model)


def is_picture(schema: Mapping[str, Any]) -> bool:
    """Whether an argument's JSON Schema says that its value is a picture."""
    return str(schema.get("contentMediaType", "")).startswith("image/")


def picture_arguments(tool: Tool) -> tuple[str, ...]:
    """The names of a tool's picture arguments, in the schema's order."""
    return tuple(name for name, schema in tool.properties.items() if is_picture(schema))


def text_tensor(texts: Sequence[str]) -> Tensor:
    """Texts as a BYTES tensor [rows, 1], one text a row, UTF-8."""
    return np.array([[text.encode()] for text in texts], dtype=np.object_)
