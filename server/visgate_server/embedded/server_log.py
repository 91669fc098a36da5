"""Reads tritonserver's log: which model is where in its loading, and why something failed; writes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_ENTRY = re.compile(r'^(?P<level>[IWEF])\d{4} [\d:.]+\s+\d+ (?P<source>\S+:\d+)\]\s+"?(?P<message>.*?)"?\s*$')
_STATUS = re.compile(
    r"^(Internal|Invalid argument|Unavailable|Not found|Unknown|Unsupported|Already exists|Cancelled) ?[:-] "
)
_FRAME = re.compile(r"^\s*(?P<file>.+)\((?P<line>\d+)\): (?P<function>\S+)$")

_LOADING = re.compile(r"^loading: (?P<model>.+):\d+$")
_LOADED = re.compile(r"^successfully loaded '(?P<model>.+)'$")
_FAILED = re.compile(r"^failed to load '(?P<model>.+)' version \d+: (?P<reason>.*)$", re.DOTALL)
_REFUSED = re.compile(r"^Poll failed for model directory '(?P<model>.+)': (?P<reason>.*)$", re.DOTALL)

_MESSAGE_LINES = 4
_LINE_LENGTH = 400
_FRAMES = 2

# Written at every start on a machine without a GPU, and never the reason for anything.
_HARMLESS = ("CudaDriverHelper has not been initialized", "Failed to initialize NVML", "DCGM unable to start")


class Stage(Enum):
    """Where a model is in its loading."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class ModelEvent:
    """A model has come to a stage; `reason` says why it failed, in a few lines at most."""

    model: str
    stage: Stage
    reason: str = ""


class LogFollower:
    """Reads what is added to a log, one complete line at a time, from where it last was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def events(self) -> Iterator[ModelEvent]:
        """What happened to models since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            added = file.read()
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.decode("utf-8", errors="replace").splitlines():
            event = model_event(line)
            if event is not None:
                yield event


def model_event(line: str) -> ModelEvent | None:
    """What a line of the log says about a model's loading; None for every other line."""
    entry = _ENTRY.match(line)
    if entry is None:
        return None
    message = _unescaped(entry["message"])
    if match := _LOADING.match(message):
        return ModelEvent(match["model"], Stage.LOADING)
    if match := _LOADED.match(message):
        return ModelEvent(match["model"], Stage.READY)
    if match := _FAILED.match(message) or _REFUSED.match(message):
        return ModelEvent(match["model"], Stage.FAILED, short_reason(match["reason"]))
    return None


def _unescaped(message: str) -> str:
    try:
        return str(json.loads(f'"{message}"'))
    except ValueError:
        return message


def short_reason(reason: str) -> str:
    """The gist of what Triton says about a model that failed.

    Triton gives the exception and then, after "At:", its frames, the innermost first. This keeps the last lines of
    the message and the innermost frames: what a person needs to find the place.
    """
    text, _, frames = _STATUS.sub("", reason.strip()).partition("\n\nAt:\n")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    message = "\n".join(line[:_LINE_LENGTH] for line in lines[-_MESSAGE_LINES:])
    if "is not healthy" in message:
        message += " Its process ended while it was starting: a crash, or killed for want of memory."
    places = [match for match in map(_FRAME.match, frames.splitlines()) if match and match["file"][:1] not in " <"]
    where = "\n".join(f"  at {match['file']}:{match['line']} in {match['function']}" for match in places[:_FRAMES])
    return f"{message}\n{where}" if where else message


def last_errors(path: Path, limit: int = 6) -> tuple[str, ...]:
    """The last lines of the log that report an error, without their time stamps."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    errors = (line for line in text.splitlines() if line and not any(known in line for known in _HARMLESS))
    return tuple(message for message in map(_error_message, errors) if message)[-limit:]


def _error_message(line: str) -> str:
    entry = _ENTRY.match(line)
    if entry is not None:
        return _unescaped(entry["message"]).strip()[:_LINE_LENGTH] if entry["level"] in "EF" else ""
    # What a program writes by itself, such as the loader that misses a library, has no time stamp.
    return "" if line[0] in "+|" else line.strip()[:_LINE_LENGTH]
