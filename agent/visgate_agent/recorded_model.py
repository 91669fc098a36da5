"""A chat model that says and calls again what a transcript tells, with the pictures that the new session makes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path

from visgate_agent.chat_model import CompletionEvent
from visgate_agent.errors import TranscriptError
from visgate_agent.events import TextDelta
from visgate_agent.messages import NOT_VALID_JSON, Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.picture_names import PictureName
from visgate_agent.session import SpokenMessage
from visgate_agent.transcript import Step, Transcript, Turn
from visgate_client import Tool


class RecordedChatModel:
    """Repeats a transcript, turn by turn; what the tools answer this time changes no word of it.

    Pictures have new names in a new session: the names in the transcript's calls are exchanged for those of the
    pictures that were attached, or made, at the same place.
    """

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    @property
    def name(self) -> str:
        """Whose words are repeated."""
        return f"recording of {self._transcript.chat_model.removeprefix('recording of ')}"

    @property
    def introduction(self) -> str:
        """What is repeated."""
        transcript = self._transcript
        return f"Repeating the talk of {transcript.started} with {transcript.chat_model}; the tools are called anew."

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> AsyncGenerator[CompletionEvent, None]:
        """The next recorded calls whose pictures exist by now, or the recorded reply."""
        turn, done = self._position(messages)
        names = _new_names(self._transcript, messages)
        steps = list(_ready(turn.steps[done:], set(names)))
        for number, step in enumerate(steps, start=len(messages)):
            if step.said:
                yield TextDelta(step.said)
            yield ToolCall(f"call_{number}", step.tool, _arguments(step, names))
        if not steps and turn.reply:
            yield TextDelta(turn.reply)

    def _position(self, messages: Sequence[Message]) -> tuple[Turn, int]:
        """The turn that is being repeated, and how many of its steps have been answered."""
        starts = [place for place, message in enumerate(messages) if isinstance(message, UserMessage)]
        answered = [message for message in messages[starts[-1] :] if isinstance(message, ToolMessage)]
        return self._transcript.turns[len(starts) - 1], len(answered)


def recorded_messages(transcript: Transcript, folder: Path) -> tuple[SpokenMessage, ...]:
    """What the person said in a talk that was saved in `folder`.

    Raises:
        TranscriptError: the transcript names a photo by what is no picture name.
    """
    try:
        return tuple(
            SpokenMessage(turn.message, tuple(folder / str(PictureName.parse(name)) for name in turn.pictures))
            for turn in transcript.turns
        )
    except ValueError as error:
        raise TranscriptError(f"the transcript in {folder} is damaged: {error}") from error


def _new_names(transcript: Transcript, messages: Sequence[Message]) -> dict[str, str]:
    """The new name of each recorded picture that exists by now."""
    names: dict[str, str] = {}
    turns = iter(transcript.turns)
    steps: Iterator[Step] = iter(())
    for message in messages:
        if isinstance(message, UserMessage):
            turn = next(turns)
            steps = iter(turn.steps)
            names.update(zip(turn.pictures, message.pictures, strict=False))
        elif isinstance(message, ToolMessage):
            names.update(zip(next(steps).images, message.pictures, strict=False))
    return names


def _ready(steps: Sequence[Step], existing: set[str]) -> Iterator[Step]:
    """The steps that can be called together: those up to the first that needs a picture still to be made."""
    to_come: set[str] = set()
    for step in steps:
        if to_come & {value for value in step.arguments.values() if isinstance(value, str)}:
            return
        yield step
        to_come |= set(step.images) - existing


def _arguments(step: Step, names: Mapping[str, str]) -> str:
    if step.arguments.keys() == {NOT_VALID_JSON}:
        return str(step.arguments[NOT_VALID_JSON])
    renewed = {
        name: names.get(value, value) if isinstance(value, str) else value for name, value in step.arguments.items()
    }
    return json.dumps(renewed, ensure_ascii=False)
