"""No tool is without measured quality and measured cost in the results that the repository keeps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from visgate_server.catalogue import MODELS

SPECS = {model.spec.name: model.spec for model in MODELS}
TABLES = ("figures", "costs")
TOOLS = [(tool.name, spec.name) for spec in SPECS.values() for tool in spec.tools]


@pytest.mark.parametrize(("tool", "model"), TOOLS)
def test_a_tool_has_measured_quality_and_cost(evidence: ModuleType, tool: str, model: str) -> None:
    known = evidence.ToolEvidence(SPECS)
    assert known.quality(tool) != evidence.NOT_MEASURED, "run `python -m benchmarks quality --save`"
    assert " ms (" in known.cost(SPECS[model], tool), "run `python -m benchmarks costs --save`"


def test_a_tool_whose_rows_are_taken_away_is_not_measured(evidence: ModuleType, tmp_path: Path) -> None:
    for path in evidence.RESULTS.glob("*.json"):
        shutil.copy(path, tmp_path)
    for path in (*tmp_path.glob("*tool-quality.json"), *tmp_path.glob("*tool-costs.json")):
        run = json.loads(path.read_text())
        kept = {key: [row for row in rows if row["tool"] != "read_text"] for key, rows in run.items() if key in TABLES}
        path.write_text(json.dumps(run | kept))
    known = evidence.ToolEvidence(SPECS, tmp_path)
    assert known.quality("read_text") == evidence.NOT_MEASURED
    assert " ms (" not in known.cost(SPECS["read_text"], "read_text")
