"""Shows a benchmark's figures in the terminal and keeps them as JSON and Markdown; measures nothing."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import onnxruntime
from rich.console import Console
from rich.table import Table as RichTable

from visgate_server.networks import THREADS_VARIABLE

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Goal:
    """A figure and what it should be.

    Attributes:
        name: what is measured.
        measured: the figure.
        bound: what it should reach, or stay under.
        at_least: it should reach the bound; otherwise it should not exceed it.
    """

    name: str
    measured: float
    bound: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(frozen=True)
class FigureTable:
    """Figures in rows, with the words that they need to be understood.

    Attributes:
        title: what the figures are of.
        header: names of the columns.
        rows: cells, as they are shown.
        note: how they were come by.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What one run of a benchmark found.

    Attributes:
        name: of the benchmark; part of the files' names.
        title: the heading.
        machine: where it ran, from `machine`.
        goals: the figures that were promised.
        tables: all figures.
        figures: the same for programs; only what JSON can hold.
    """

    name: str
    title: str
    machine: Mapping[str, Any]
    goals: tuple[Goal, ...]
    tables: tuple[FigureTable, ...]
    figures: Mapping[str, Any]


def machine() -> dict[str, Any]:
    """Where a benchmark runs; call it before the benchmark makes load of its own."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "architecture": platform.machine(),
        "accelerator": None,
        "onnxruntime": onnxruntime.__version__,
        "threads": os.environ.get(THREADS_VARIABLE, "one a core"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def show(report: Report, console: Console) -> None:
    """Prints a report."""
    for table in (*report.tables, *_goal_tables(report)):
        shown = RichTable(*table.header, title=table.title, title_justify="left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        if table.note:
            console.print(table.note, style="dim", markup=False, highlight=False)
        console.print()


def save(report: Report) -> tuple[Path, Path]:
    """Writes a report to `benchmarks/results/` as JSON and as Markdown, named by date; returns the two paths."""
    stem = RESULTS / f"{date.today().isoformat()}-{report.name}"
    data, text = stem.with_suffix(".json"), stem.with_suffix(".md")
    goals = [
        {"name": goal.name, "measured": goal.measured, "bound": goal.bound, "at_least": goal.at_least, "met": goal.met}
        for goal in report.goals
    ]
    entries = {"date": date.today().isoformat(), "machine": report.machine, "goals": goals, **report.figures}
    data.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    text.write_text(markdown(report), encoding="utf-8")
    return data, text


def markdown(report: Report) -> str:
    """A report as a Markdown page."""
    place = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in report.machine.items() if value is not None
    )
    parts = [f"# {report.title}", f"{date.today().isoformat()}; {place}."]
    for table in (*_goal_tables(report), *report.tables):
        parts += [f"## {table.title}", _markdown_rows(table), table.note]
    return "\n\n".join(part for part in parts if part) + "\n"


def _goal_tables(report: Report) -> Sequence[FigureTable]:
    """What was promised beside what was measured, where anything was."""
    rows = tuple(
        (
            goal.name,
            f"{goal.measured:.3g}",
            f"{'at least' if goal.at_least else 'at most'} {goal.bound:g}",
            "met" if goal.met else "MISSED",
        )
        for goal in report.goals
    )
    return [FigureTable("Goals", ("figure", "measured", "goal", ""), rows)] if rows else []


def _markdown_rows(table: FigureTable) -> str:
    lines = [table.header, tuple("---" for _ in table.header), *table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _processor() -> str:
    """The processor's name as Linux has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
