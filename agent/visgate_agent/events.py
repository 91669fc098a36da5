"""What happens in a conversation while it happens; a terminal or a web page draws these."""

from __future__ import annotations

from dataclasses import dataclass

from visgate_agent.messages import ToolCall, ToolMessage
from visgate_client import Progress


@dataclass(frozen=True)
class TextDelta:
    """The next piece of the chat model's text."""

    text: str


@dataclass(frozen=True)
class CallStarted:
    """A tool call has been sent, perhaps while the chat model is still writing."""

    call: ToolCall


@dataclass(frozen=True)
class CallProgressed:
    """A tool call has come a step further; only tools that stream tell.

    Attributes:
        call: the call.
        progress: how far it has come, sometimes with a preview of its picture.
    """

    call: ToolCall
    progress: Progress


@dataclass(frozen=True)
class CallFinished:
    """A tool call has its answer, which may be an error."""

    message: ToolMessage


@dataclass(frozen=True)
class ReplyFinished:
    """The chat model has answered and calls no further tool: the turn is over.

    Attributes:
        text: the whole text of the last completion.
    """

    text: str


Event = TextDelta | CallStarted | CallProgressed | CallFinished | ReplyFinished
