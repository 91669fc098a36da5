"""Keeps the parity reports of all networks in a JSON file and a Markdown table for the documents; compares none."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from visgate_export.errors import ExportError
from visgate_export.pipeline import Outcome


def update_parity_record(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Enters every compared network in `path` (JSON) and writes the table beside it (`.md`); keeps other entries.

    Raises:
        ExportError: there is a file at `path` that is no such record.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except json.JSONDecodeError as error:
        raise ExportError(f"{path} is not JSON ({error}): delete it or name another file") from error
    for outcome in outcomes:
        report, pin = outcome.report, outcome.pin
        if report is None or pin is None:
            continue
        record[outcome.recipe.name] = {
            "file": outcome.recipe.installed_files[0],
            "title": outcome.recipe.title,
            "licence": outcome.recipe.licence,
            "sha256": pin.sha256,
            "reference": report.reference,
            "batch_sizes": list(report.batch_sizes),
            "outputs": [
                {
                    "name": output.output,
                    "max_abs_difference": float(f"{output.max_abs_difference:.2g}"),
                    "tolerance": output.tolerance,
                }
                for output in report.outputs
            ],
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(_table(record), encoding="utf-8")


def _table(record: dict[str, dict[str, Any]]) -> str:
    lines = [
        "# How close the exported networks are to their references",
        "",
        "Written by `visgate-export lock` and `visgate-export verify --report`. Differences are the largest absolute "
        "ones over all rows and batch sizes, in each output's own unit.",
        "",
        "| network | compared with | batch sizes | output | largest difference | allowed |",
        "|---|---|---|---|---|---|",
    ]
    for name, entry in sorted(record.items()):
        sizes = ", ".join(str(size) for size in entry["batch_sizes"])
        for output in entry["outputs"]:
            lines.append(
                f"| {name} | {entry['reference']} | {sizes} | {output['name']} "
                f"| {output['max_abs_difference']:.2g} | {output['tolerance']:.2g} |"
            )
    return "\n".join(lines) + "\n"
