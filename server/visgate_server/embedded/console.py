"""Shows the embedded server to a person at a terminal; decides nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from visgate_server.embedded.findings import Finding, Level
from visgate_server.embedded.running_server import Condition, RunningServer, ServerStatus
from visgate_server.embedded.server_log import ModelEvent, Stage

_MARKS = {Level.OK: "[green]ok[/]     ", Level.WARNING: "[yellow]warning[/]", Level.PROBLEM: "[red]problem[/]"}


def make_console(*, stderr: bool = False) -> Console:
    """A console that does not break long lines: paths and commands are there to be copied."""
    return Console(stderr=stderr, soft_wrap=True, highlight=False)


class LoadingProgress:
    """A bar and the names of the models that are being loaded; a line for each that is ready or has failed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("loading"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[names]}"),
            console=console,
            transient=True,
            # A log file or a pipe gets the lines and no bar.
            disable=not sys.stderr.isatty() if console.stderr else not console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("models", total=None, names="")
        self._began: dict[str, float] = {}

    def __enter__(self) -> LoadingProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def expect(self, models: int) -> None:
        """Says how many models there are to load."""
        self._progress.update(self._task, total=models)

    def show(self, event: ModelEvent) -> None:
        """Shows a step of a model's loading."""
        if event.stage is Stage.LOADING:
            self._began[event.model] = time.monotonic()
        else:
            seconds = time.monotonic() - self._began.pop(event.model, time.monotonic())
            self._progress.advance(self._task)
            if event.stage is Stage.READY:
                self._console.print(f"[green]ready[/]   {escape(event.model)} ({seconds:.1f} s)")
            else:
                self._console.print(f"[red]failed[/]  {escape(event.model)}: {escape(_indented(event.reason))}")
        self._progress.update(self._task, names=escape(", ".join(self._began)))


def _indented(text: str) -> str:
    return text.replace("\n", "\n        ")


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """A line for each finding, and one for what to do about it."""
    for finding in findings:
        console.print(f"{_MARKS[finding.level]} {escape(finding.check)}: {escape(finding.found)}")
        if finding.advice:
            console.print(f"        -> {escape(finding.advice)}")


def show_started(console: Console, server: RunningServer) -> None:
    """Where a server that has just become ready is found."""
    ports = server.state.ports
    ready = sum(model.ready for model in server.models)
    console.print(
        f"Triton serves {_count(ready, 'model')} at {server.address} "
        f"(HTTP {ports.http or 'off'}, metrics {ports.metrics}), ready after {server.startup_s:.1f} s"
    )
    if server.failures:
        console.print(f"[yellow]{_count(len(server.failures), 'model')} failed[/]: see above, and the log")
    console.print(f"log: {escape(str(server.log))}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show_status(console: Console, status: ServerStatus) -> None:
    """How the server is, and each of its models."""
    state = status.state
    if state is None:
        console.print("stopped: start it with `visgate-server start`")
        return
    console.print(_STATUS_LINES[status.condition].format(port=state.ports.grpc, seconds=time.time() - state.started))
    for model in status.models:
        mark = "[green]ready[/] " if model.ready else "[red]failed[/]"
        reason = f": {escape(_indented(model.reason))}" if model.reason else ""
        console.print(f"  {mark} {escape(model.name)}{reason}")
    for name, reason in state.withheld:
        console.print(f"  [yellow]left out[/] {escape(name)}: {escape(reason)}")
    console.print(f"repository: {escape(str(state.repository))} ({state.profile.value} profile)")
    console.print(f"log: {escape(str(state.log))}")
    if status.pids:
        console.print(f"processes: {', '.join(map(str, status.pids))}")


_STATUS_LINES = {
    Condition.READY: "[green]ready[/] at 127.0.0.1:{port}, for {seconds:.0f} s",
    Condition.DEGRADED: "[yellow]serving at 127.0.0.1:{port}, but not every model is ready[/]",
    Condition.NOT_ANSWERING: "[yellow]started {seconds:.0f} s ago and not answering at 127.0.0.1:{port}[/]: "
    "it is still loading, or hangs",
    Condition.STALE: "[red]not running: it was killed, and left its state behind[/]. `visgate-server start` and "
    "`visgate-server stop` clean up",
}
