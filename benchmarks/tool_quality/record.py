"""Keeps the tools' figures from run to run, and puts them into a report; measures nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS, FigureTable, Report
from benchmarks.tool_quality.measured import Measured

_NAME = "tool-quality"


def latest_figures(folder: Path = RESULTS) -> list[Measured]:
    """The figures that were kept last; none if none ever were."""
    kept = sorted(folder.glob(f"*-{_NAME}.json"))  # their names begin with the date
    if not kept:
        return []
    return [Measured(**entry) for entry in json.loads(kept[-1].read_text(encoding="utf-8"))["figures"]]


def with_new_figures(kept: Sequence[Measured], measured: Sequence[Measured]) -> list[Measured]:
    """The figures kept, those of the tools that were measured again replaced by the new ones, in the order of tools."""
    again = {figure.tool for figure in measured}
    return sorted((*(figure for figure in kept if figure.tool not in again), *measured), key=lambda figure: figure.tool)


def tool_quality_report(figures: Sequence[Measured], machine: Mapping[str, Any]) -> Report:
    """Puts the figures of all tools together."""
    table = FigureTable(
        "What each tool achieves",
        ("tool", "figure", "measured", "goal", "of"),
        tuple(
            (figure.tool, figure.figure, f"{figure.value:.3f}", _goal(figure), str(figure.count)) for figure in figures
        ),
        "Pocket profile, through the served models' own code. Scenes and drawings are of combinations of objects, "
        "arrangement and background that no network was trained on. Photographs are scikit-image's, few and plain, "
        "some of them those on which thresholds were chosen; what is in them was marked by hand. "
        "`benchmarks/tool_quality` says of each figure how it is come by.",
    )
    goals = (figure.as_goal() for figure in figures)
    return Report(
        name=_NAME,
        title="How well the tools work",
        machine=machine,
        goals=tuple(goal for goal in goals if goal is not None),
        tables=(table,),
        figures={"figures": [asdict(figure) for figure in figures]},
    )


def _goal(figure: Measured) -> str:
    if figure.goal is None:
        return ""
    return f"{'at least' if figure.at_least else 'at most'} {figure.goal:g}"
