"""Says what was measured of served calls: tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.report import FigureTable, Report
from benchmarks.served_call import ManyCallers, OneCaller


def served_call_report(alone: Sequence[OneCaller], crowd: Sequence[ManyCallers], machine: Mapping[str, Any]) -> Report:
    """Puts one run's figures together."""
    one_caller = tuple(
        (row.tool, f"{row.in_process.p50_ms:.2f}", f"{row.served.p50_ms:.2f}", f"{row.ratio:.2f}") for row in alone
    )
    many_callers = tuple(
        (str(row.callers), f"{row.in_process:.0f}", f"{row.served:.0f}", f"{row.mean_batch:.1f}") for row in crowd
    )
    return Report(
        name="served-call",
        title="A served call beside the same work in the caller's process",
        machine=machine,
        goals=(),
        tables=(
            FigureTable("One caller", ("tool, 512²", "in process p50 ms", "served p50 ms", "ratio"), one_caller),
            FigureTable(
                "Many callers of classify_image",
                ("callers", "in process calls/s", "served calls/s", "mean batch"),
                many_callers,
            ),
        ),
        figures={
            "one_caller": [asdict(row) | {"ratio": row.ratio} for row in alone],
            "many_callers": [asdict(row) for row in crowd],
        },
    )
