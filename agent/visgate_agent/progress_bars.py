"""Draws how far tools have come that tell their progress, below what a terminal prints; knows no conversation."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from visgate_client import Progress as ToolProgress


class ProgressBars:
    """A line for every call that is under way, gone when the call has ended.

    Where the output is no terminal nothing is drawn: a file has no use for lines that come and go.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._lines: dict[str, TaskID] = {}

    def show(self, key: str, name: str, progress: ToolProgress) -> None:
        """Draws a call's newest progress.

        Args:
            key: tells the call from others of the same tool.
            name: what the line is called; printable characters only.
            progress: how far the call has come.
        """
        if not self._console.is_terminal:
            return
        if self._bars is None:
            self._bars = self._new_bars()
        if key not in self._lines:
            self._lines[key] = self._bars.add_task(name)
        self._bars.update(self._lines[key], completed=progress.step, total=progress.of, refresh=True)

    def finish(self, key: str) -> None:
        """Takes a call's line away, if it has one."""
        line = self._lines.pop(key, None)
        if self._bars is None or line is None:
            return
        self._bars.remove_task(line)
        if not self._lines:
            self.hide()

    def hide(self) -> None:
        """Takes all lines away; the next progress draws its own again."""
        if self._bars is not None:
            self._bars.stop()
        self._bars, self._lines = None, {}

    def _new_bars(self) -> Progress:
        bars = Progress(
            TextColumn("  {task.description}", style="dim", markup=False),
            BarColumn(bar_width=20),
            TextColumn("step {task.completed:.0f} of {task.total:.0f}", style="dim"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        bars.start()
        return bars
