"""Records what happened in a session, and writes and reads it as `transcript.json`; repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from visgate_agent.errors import TranscriptError
from visgate_agent.events import CallFinished, CallProgressed, CallStarted, Event, ReplyFinished, TextDelta
from visgate_agent.messages import ToolMessage

FILE_NAME = "transcript.json"
UNFINISHED = "the call did not finish"


@dataclass
class Step:
    """One tool call and what came of it.

    Attributes:
        said: what the chat model said since the step before.
        tool, arguments: the call; pictures by name. Arguments that are no JSON object stand under `NOT_VALID_JSON`.
        text, data, images: the result: the tool's words, its data, and the file names of its pictures.
        error: why there is no result; none if there is one.
        queue_ms, compute_ms, total_ms: waiting on the server, computing there, and the whole call as the client saw
            it; none where the server told no times, or the answer came out of its cache.
        batch_size: requests' rows that the server computed together.
        cached: whether the answer came out of the server's cache.
    """

    said: str
    tool: str
    arguments: dict[str, Any]
    text: str = ""
    data: Any = None
    images: tuple[str, ...] = ()
    error: str | None = UNFINISHED
    queue_ms: float | None = None
    compute_ms: float | None = None
    total_ms: float | None = None
    batch_size: int | None = None
    cached: bool | None = None


@dataclass
class Turn:
    """What a person said, the tool calls that followed, and the reply.

    Attributes:
        message: what the person said.
        pictures: the names of the pictures attached.
        steps: the tool calls in the order in which they began.
        reply: what the chat model said after the last of them.
        error: why the turn ended without a reply; none if it did not.
    """

    message: str
    pictures: tuple[str, ...] = ()
    steps: list[Step] = field(default_factory=list)
    reply: str = ""
    error: str | None = None


@dataclass
class Transcript:
    """A session, from its first message to the newest.

    Attributes:
        chat_model: the name of what answered.
        server: the vision server's address.
        started: when, in ISO 8601 with the time zone.
    """

    chat_model: str
    server: str
    started: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all turns."""
        return tuple(step for turn in self.turns for step in turn.steps)

    def save(self, folder: Path) -> Path:
        """Writes the transcript into a folder and returns the file's path.

        Raises:
            TranscriptError: the file cannot be written.
        """
        path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise TranscriptError(f"cannot write {path}: {error.strerror or error}") from error
        return path


def load_transcript(folder: Path) -> Transcript:
    """Reads the transcript that lies in a session's folder.

    Raises:
        TranscriptError: there is none, or it is not one.
    """
    path = folder / FILE_NAME
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        turns = [Turn(**(turn | {"steps": [Step(**step) for step in turn["steps"]]})) for turn in saved["turns"]]
        return Transcript(**(saved | {"turns": turns}))
    except OSError as error:
        raise TranscriptError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise TranscriptError(f"{path} is not a transcript of this version ({error})") from error


class TurnRecorder:
    """Writes the events of one turn down, in a turn that is complete at any moment."""

    def __init__(self, message: str, pictures: Sequence[str]) -> None:
        self.turn = Turn(message, tuple(pictures))
        self._said: list[str] = []
        self._steps: dict[str, Step] = {}

    def record(self, event: Event) -> None:
        """Takes the next event."""
        match event:
            case TextDelta(text):
                self._said.append(text)
                self.turn.reply = "".join(self._said)
            case CallStarted(call):
                step = Step("".join(self._said), call.name, call.readable_arguments())
                self._said.clear()
                self.turn.reply = ""
                self._steps[call.call_id] = step
                self.turn.steps.append(step)
            case CallFinished(message):
                _finish(self._steps[message.call.call_id], message)
            case CallProgressed() | ReplyFinished():
                pass


def _finish(step: Step, message: ToolMessage) -> None:
    step.text, step.data, step.images, step.error = message.text, message.data, message.pictures, message.error
    if message.times is not None:
        step.queue_ms, step.compute_ms = message.times.queue_ms, message.times.compute_ms
        step.total_ms, step.batch_size = message.times.total_ms, message.times.batch_size
        step.cached = message.times.cached
