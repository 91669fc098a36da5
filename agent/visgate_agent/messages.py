"""The messages that a conversation is a list of; plain data that no chat model's wire format shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from visgate_agent.errors import ToolCallError
from visgate_client import Times

NOT_VALID_JSON = "not_valid_json"
"""The name under which arguments that are no JSON object are shown, and sent back to a chat model."""


@dataclass(frozen=True)
class ToolCall:
    """A chat model's wish to have a tool called.

    Attributes:
        call_id: ties the answer to the call; unique within a conversation.
        name: the tool's name, as the chat model wrote it.
        arguments: a JSON object as text, as the chat model wrote it; nobody has checked it.
    """

    call_id: str
    name: str
    arguments: str

    def parsed_arguments(self) -> dict[str, Any]:
        """The arguments by name.

        Raises:
            ToolCallError: the text is not a JSON object.
        """
        try:
            arguments = json.loads(self.arguments or "{}")
        except ValueError as error:
            raise ToolCallError(
                f"the arguments of {self.name} are not valid JSON ({error}): send one JSON object"
            ) from error
        if not isinstance(arguments, dict):
            raise ToolCallError(f"the arguments of {self.name} must be one JSON object, not {self.arguments}")
        return arguments

    def readable_arguments(self) -> dict[str, Any]:
        """The arguments for people to read: whatever is no JSON object stands under `NOT_VALID_JSON`."""
        try:
            return self.parsed_arguments()
        except ToolCallError:
            return {NOT_VALID_JSON: self.arguments}


@dataclass(frozen=True)
class UserMessage:
    """What a person said, and the names of the pictures attached to it."""

    text: str
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class AssistantMessage:
    """What the chat model said in one completion, and the tools that it called."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class ToolMessage:
    """What came of one tool call: a result, or an error as data that the chat model can read.

    Attributes:
        call: the call that this answers.
        text: the tool's own words; empty if it failed.
        data: what programs read: any JSON value.
        pictures: names of the pictures that the tool made, all in the session's store.
        times: the server's and the client's times; none if the call failed.
        error: why the call failed, and what to do; none if it did not.
    """

    call: ToolCall
    text: str = ""
    data: Any = None
    pictures: tuple[str, ...] = ()
    times: Times | None = None
    error: str | None = None


Message = UserMessage | AssistantMessage | ToolMessage
