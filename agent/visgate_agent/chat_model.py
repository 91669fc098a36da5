"""The seam between the conversation and whatever decides what to say and which tools to call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from visgate_agent.events import TextDelta
from visgate_agent.messages import Message, ToolCall
from visgate_client import Tool

CompletionEvent = TextDelta | ToolCall
"""A piece of text, or one tool call whose arguments are complete."""


class ChatModel(Protocol):
    """Answers a list of messages with text and tool calls."""

    @property
    def name(self) -> str:
        """A short name for transcripts."""
        ...

    @property
    def introduction(self) -> str:
        """One sentence for the user: what is answering, and what it is not."""
        ...

    def complete(self, messages: Sequence[Message], tools: Sequence[Tool]) -> AsyncGenerator[CompletionEvent, None]:
        """Streams one completion: text as it comes, and each tool call the moment it is complete.

        Raises:
            ChatModelError: there is no usable answer.
        """
        ...
