"""A chat model that says what a test tells it to, at the seam where a language model would be."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from visgate_agent.chat_model import CompletionEvent
from visgate_agent.events import TextDelta
from visgate_agent.messages import Message, ToolCall
from visgate_client import Tool

Action = CompletionEvent | Exception | Callable[[], Awaitable[Any]]


def says(text: str) -> TextDelta:
    return TextDelta(text)


def calls(tool: str, call_id: str = "call_1", **arguments: Any) -> ToolCall:
    return ToolCall(call_id, tool, json.dumps(arguments))


class ScriptedChatModel:
    """Plays one list of actions a completion: events are yielded, errors raised, functions awaited.

    A completion may also be a function of the messages that returns the list.
    """

    name = "scripted"
    introduction = "A script."

    def __init__(self, *completions: list[Action] | Callable[[Sequence[Message]], list[Action]]) -> None:
        self._completions = list(completions)
        self.seen: list[tuple[Message, ...]] = []
        self.tools_seen: list[tuple[str, ...]] = []

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> AsyncGenerator[CompletionEvent, None]:
        self.seen.append(tuple(messages))
        self.tools_seen.append(tuple(tool.name for tool in tools))
        completion = self._completions.pop(0)
        for action in completion(messages) if callable(completion) else completion:
            if isinstance(action, Exception):
                raise action
            if isinstance(action, TextDelta | ToolCall):
                yield action
            else:
                await action()
