"""Carries out tool calls on a vision server with the pictures of one session; decides on none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from visgate_agent.errors import ToolCallError
from visgate_agent.messages import ToolCall, ToolMessage
from visgate_agent.picture_store import PictureStore
from visgate_agent.vision import VisionServer, call_watched, picture_arguments
from visgate_client import Progress, Tool, VisgateError


def _ignore(_: Progress) -> None:
    """Nobody watches."""


class Toolbox:
    """The server's tools, called with pictures by name."""

    def __init__(self, vision: VisionServer, pictures: PictureStore) -> None:
        self._vision = vision
        self._pictures = pictures
        self._tools: dict[str, Tool] = {}

    async def tools(self) -> tuple[Tool, ...]:
        """Asks the server for its tools; one that was added since the last time is there at once."""
        tools = await self._vision.tools(refresh=True)
        self._tools = {tool.name: tool for tool in tools}
        return tools

    async def run(self, call: ToolCall, on_progress: Callable[[Progress], None] = _ignore) -> ToolMessage:
        """Carries out one call; whatever the server or the store objects to becomes the message's error.

        Args:
            call: what the chat model asks for.
            on_progress: told how far the call has come, if its tool tells.
        """
        try:
            return await self._run(call, on_progress)
        except VisgateError as error:
            return ToolMessage(call, error=str(error))

    async def _run(self, call: ToolCall, on_progress: Callable[[Progress], None]) -> ToolMessage:
        tool = self._tools.get(call.name)
        if tool is None:
            raise ToolCallError(f"there is no tool {call.name!r}: the tools are {', '.join(self._tools)}")
        arguments = call.parsed_arguments()
        sources = [name for name in picture_arguments(tool) if name in arguments]
        files = {name: self._file(name, arguments[name]) for name in sources}
        result = await call_watched(self._vision, tool, arguments | files, on_progress)
        made_from = files[sources[0]].name if sources else None
        # Writing a large PNG takes a while, in which other calls go on.
        names = await asyncio.to_thread(self._pictures.add_results, tool.name, result.images, made_from)
        return ToolMessage(call, result.text, result.data, names, result.times)

    def _file(self, argument: str, name: Any) -> Path:
        if not isinstance(name, str):
            raise ToolCallError(f"{argument} must be the name of a picture, not {name!r}")
        return self._pictures.path(name)
