"""Draws a conversation's events in a terminal; reads nothing that is typed."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.text import Text

from visgate_agent.events import CallFinished, CallProgressed, CallStarted, Event, ReplyFinished, TextDelta
from visgate_agent.messages import ToolCall, ToolMessage
from visgate_agent.progress_bars import ProgressBars
from visgate_client import Times

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_VALUE = 60


class TerminalView:
    """Prints text as it comes, a line when a tool call starts and ends, and how far those have come that tell.

    What chat models and tools say is printed as plain characters: it neither reaches the terminal as control
    sequences nor rich as markup.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line_is_open = False
        self._bars = ProgressBars(console)

    def show(self, event: Event) -> None:
        """Draws the next event."""
        match event:
            case TextDelta(text):
                self._write(printable(text))
            case CallStarted(call):
                self._line(Text.assemble(("▸ ", "cyan"), (call.name, "bold"), " ", (_described(call), "dim")))
            case CallProgressed(call, progress):
                # Bars below an open line of text would break it in two.
                if not self._line_is_open:
                    self._bars.show(call.call_id, printable(call.name), progress)
            case CallFinished(message):
                self._bars.finish(message.call.call_id)
                self._line(_outcome(message))
            case ReplyFinished():
                self.end()

    def end(self) -> None:
        """Leaves the terminal tidy, whatever was under way."""
        self._bars.hide()
        self._end_line()

    def _end_line(self) -> None:
        if self._line_is_open:
            self._console.print()
            self._line_is_open = False

    def _write(self, text: str) -> None:
        self._bars.hide()
        self._console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
        if text:
            self._line_is_open = not text.endswith("\n")

    def _line(self, line: Text) -> None:
        self._end_line()
        self._console.print(line, soft_wrap=True)


def printable(text: str) -> str:
    """Text without control characters, save line ends and tabs."""
    return _CONTROL.sub("", text)


def times_in_words(times: Times) -> str:
    """A call's times in milliseconds: the whole of it, and what the server told of its own part."""
    parts = [f"{times.total_ms:.0f} ms"]
    if times.cached:
        parts.append("from the cache")
    elif times.compute_ms is not None:
        waited = "" if times.queue_ms is None else f"queue {times.queue_ms:.0f}, "
        parts.append(f"{waited}compute {times.compute_ms:.0f}")
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({', '.join(parts[1:])})"


def _outcome(message: ToolMessage) -> Text:
    name = (message.call.name, "bold")
    if message.error is not None:
        return Text.assemble(("✗ ", "red"), name, " ", (printable(message.error), "red"))
    parts: list[Any] = [("✓ ", "green"), name, " "]
    if message.times is not None:
        parts.append((times_in_words(message.times), "dim"))
    if message.pictures:
        parts += [" → ", (", ".join(message.pictures), "cyan")]
    return Text.assemble(*parts)


def _described(call: ToolCall) -> str:
    return printable(" ".join(f"{name}={_short(value)}" for name, value in call.readable_arguments().items()))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
