"""What a list of messages says about pictures and how far the current request has come; plans nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visgate_agent.errors import ToolCallError
from visgate_agent.messages import Message, ToolMessage, UserMessage


@dataclass(frozen=True)
class MadePicture:
    """A picture that a tool made.

    Attributes:
        name: its name in the session's store.
        tool: the tool that made it.
        output: which of the tool's pictures it is; 0 is the one that people would look at first.
        source: the name of the picture that the tool was given; none if it was given none.
        current: whether it was made for the request that is being answered now.
    """

    name: str
    tool: str
    output: int
    source: str | None
    current: bool


@dataclass(frozen=True)
class History:
    """The state of a conversation, as the planner needs it.

    Attributes:
        request: the newest user message.
        photos: names of all pictures that the user attached, oldest first.
        made: all pictures that tools made, oldest first.
        answers: the tools' answers to the newest user message, in the order of the calls.
        last_source: the picture that the last call of an earlier request was given; none if there was none.
        last_made: the picture that the last call of an earlier request made; none if it made none.
    """

    request: UserMessage
    photos: tuple[str, ...]
    made: tuple[MadePicture, ...]
    answers: tuple[ToolMessage, ...]
    last_source: str | None = None
    last_made: MadePicture | None = None

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of all pictures: those that the user attached, then those that tools made."""
        return (*self.photos, *(picture.name for picture in self.made))


def read_history(messages: Sequence[Message]) -> History:
    """The state that a list of messages leads to."""
    photos: list[str] = []
    made: list[MadePicture] = []
    answers: list[ToolMessage] = []
    request = UserMessage("")
    last_source: str | None = None
    last_made: MadePicture | None = None
    newest = max((at for at, message in enumerate(messages) if isinstance(message, UserMessage)), default=0)
    for at, message in enumerate(messages):
        if isinstance(message, UserMessage):
            request, answers = message, []
            photos += message.pictures
        elif isinstance(message, ToolMessage):
            answers.append(message)
            source = _source(message, known=(*photos, *(picture.name for picture in made)))
            new = [
                MadePicture(name, message.call.name, output, source, at > newest)
                for output, name in enumerate(message.pictures)
            ]
            made += new
            if at < newest and message.error is None:
                last_source = source or last_source
                last_made = new[0] if new else None
    return History(request, tuple(photos), tuple(made), tuple(answers), last_source, last_made)


def _source(message: ToolMessage, known: Sequence[str]) -> str | None:
    try:
        values = message.call.parsed_arguments().values()
    except ToolCallError:
        return None
    return next((value for value in values if isinstance(value, str) and value in known), None)
