"""Shows the export in a terminal: bars while it works, a table and what is lost at the end; decides nothing."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from visgate_export.lost_tools import LostModel
from visgate_export.pipeline import Outcome, Stage, Status
from visgate_export.recipe import NetworkRecipe, ParityReport

_COLOURS = {Status.FAILED: "red", Status.INSTALLED: "green", Status.VERIFIED: "green", Status.IN_PLACE: "dim"}
_MEGABYTE = 1e6


class TerminalProgress:
    """The pipeline's observer: a bar over all networks, one for the stage at hand, and a line per stage in a log."""

    def __init__(self, console: Console, count: int) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._all = self._bars.add_task("networks", total=count, note=f"0/{count}")
        self._stage = self._bars.add_task("", total=None, note="", visible=False)
        self._count = count
        self._done = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def enter(self, recipe: NetworkRecipe, stage: Stage) -> None:
        """Shows the stage; in a log file, where bars make no sense, as a line."""
        if self._console.is_terminal:
            self._bars.reset(
                self._stage, description=f"{recipe.name}: {stage.value}", total=None, note="", visible=True
            )
        else:
            self._console.print(f"{recipe.name}: {stage.value}", style="dim")

    def fetched(self, done: int, total: int) -> None:
        """Moves the stage's bar."""
        note = f"{done / _MEGABYTE:.0f}/{total / _MEGABYTE:.0f} MB"
        self._bars.update(self._stage, completed=done, total=total, note=note)

    def leave(self, outcome: Outcome) -> None:
        """Moves the bar over all networks."""
        self._done += 1
        self._bars.update(self._stage, visible=False)
        self._bars.update(self._all, completed=self._done, note=f"{self._done}/{self._count}")


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """A row per network, narrow enough for 80 columns."""
    table = Table(title="Networks", box=SIMPLE, pad_edge=False)
    table.add_column("network", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("MB", justify="right")
    table.add_column("SHA-256")
    table.add_column("differs by")
    table.add_column("s", justify="right")
    for outcome in outcomes:
        colour = _COLOURS[outcome.status]
        pin = outcome.pin
        table.add_row(
            outcome.recipe.name,
            f"[{colour}]{outcome.status.value}[/{colour}]",
            f"{pin.size / _MEGABYTE:.1f}" if pin else "",
            pin.sha256[:10] if pin else "",
            _worst_output(outcome.report),
            f"{outcome.seconds:.1f}",
        )
    return table


def recipe_table(recipes: Sequence[NetworkRecipe], in_place: Sequence[bool]) -> Table:
    """What there is to export, and what of it is in the model repository."""
    table = Table(title="Networks")
    for heading in ("network", "model", "what it is", "licence", "from", "in place"):
        table.add_column(heading, overflow="fold")
    for recipe, present in zip(recipes, in_place, strict=True):
        sources = "\n".join(str(source) for source in recipe.sources)
        table.add_row(
            recipe.name, recipe.model, recipe.title, recipe.licence, sources, "yes" if present else "[red]no[/red]"
        )
    return table


def print_failures(console: Console, outcomes: Sequence[Outcome], lost: Sequence[LostModel]) -> None:
    """Says for each failed network why, and for each model that lacks one which tools are not served."""
    for outcome in outcomes:
        if outcome.error is not None:
            console.print(
                f"[red]{outcome.recipe.name}[/red]: {escape(str(outcome.error))}", highlight=False, soft_wrap=True
            )
    for model in lost:
        parts = [f"model [bold]{model.model}[/bold]"]
        if model.tools:
            parts.append(f"with the tools {', '.join(model.tools)}")
        elif model.summary:
            parts.append(f"({escape(model.summary)})")
        if model.callers:
            parts.append(f"and a part of what {', '.join(model.callers)} does")
        console.print(f"[red]not served[/red]: {' '.join(parts)}", highlight=False, soft_wrap=True)


def _worst_output(report: ParityReport | None) -> str:
    if report is None or not report.outputs:
        return ""
    worst = max(report.outputs, key=lambda output: output.max_abs_difference / output.tolerance)
    return f"{worst.max_abs_difference:.1e} of {worst.tolerance:.0e}"
