"""Runs the benchmarks against a Triton of its own and writes their figures to `benchmarks/results/`."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import served_call
from visgate_client import VisionClient
from visgate_server.embedded import EmbeddedServer

RESULTS = Path(__file__).parent / "results"


@click.command()
@click.option("--rounds", default=100, show_default=True, help="Timed calls of each tool on each side.")
@click.option("--save", is_flag=True, help="Write the figures to benchmarks/results/, with date and machine.")
def main(rounds: int, save: bool) -> None:
    """Compares served calls with the same work in the caller's process."""
    console = Console()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedServer.on_free_ports(served_call.ROOT / "model_repository", Path(folder)).start() as server,
        VisionClient(server.address) as client,
        Progress(console=console, transient=True) as progress,
    ):
        task = progress.add_task("one caller", total=len(served_call.TOOLS))
        alone = []
        for tool in served_call.TOOLS:
            alone.append(served_call.one_caller(client, tool, rounds))
            progress.advance(task)
        task = progress.add_task("many callers", total=len(served_call.CALLERS))
        crowd = []
        for callers in served_call.CALLERS:
            crowd.append(served_call.many_callers(client, "classify_image", callers, 3 * rounds))
            progress.advance(task)

    table = Table("tool, 512², one caller", "in process p50 ms", "served p50 ms", "ratio")
    for row in alone:
        table.add_row(row.tool, f"{row.in_process.p50_ms:.2f}", f"{row.served.p50_ms:.2f}", f"{row.ratio:.2f}")
    console.print(table)
    table = Table("classify_image, callers", "in process calls/s", "served calls/s", "mean batch")
    for entry in crowd:
        cells = (f"{entry.in_process:.0f}", f"{entry.served:.0f}", f"{entry.mean_batch:.1f}")
        table.add_row(str(entry.callers), *cells)
    console.print(table)

    if save:
        path = RESULTS / f"{date.today().isoformat()}-served-call.json"
        figures = {
            "date": date.today().isoformat(),
            "machine": {"cores": os.cpu_count(), "architecture": platform.machine(), "accelerator": None},
            "one_caller": [asdict(row) | {"ratio": row.ratio} for row in alone],
            "many_callers": [asdict(entry) for entry in crowd],
        }
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        console.print(f"written: {path}")


if __name__ == "__main__":
    main()
