"""What the generated table of tools says of licences, quality and cost."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from visgate_server.model_spec import ModelSpec

SKETCH = ModelSpec(name="soft_edges", summary="", networks=("hed.onnx",))
LOOK = ModelSpec(name="look", summary="", calls=("soft_edges", "classify_image"))
LABEL = ModelSpec(name="classify_image", summary="", networks=("efficientnet_lite0.onnx",))
MODELS = {spec.name: spec for spec in (SKETCH, LOOK, LABEL)}


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content))


def figure(tool: str, value: float, goal: float | None = None) -> dict[str, Any]:
    return {"tool": tool, "figure": "share right", "value": value, "goal": goal, "count": 50, "at_least": True}


def test_a_composite_tool_has_the_licences_of_all_that_it_calls(evidence: ModuleType, tmp_path: Path) -> None:
    known = evidence.ToolEvidence(MODELS, tmp_path)
    assert known.licences(SKETCH) == "MIT"
    assert known.licences(LOOK) == "MIT, Apache-2.0 (class names: BSD-3-Clause)"
    assert known.licences(ModelSpec(name="canny", summary="")) == "no weights"


def test_quality_is_the_newest_that_was_measured(evidence: ModuleType, tmp_path: Path) -> None:
    write(tmp_path, "2026-11-22-tool-quality.json", {"figures": [figure("sketch", 0.5), figure("label", 0.7)]})
    write(tmp_path, "2026-11-23-tool-quality.json", {"figures": [figure("sketch", 0.912, 0.9)]})
    known = evidence.ToolEvidence(MODELS, tmp_path)
    assert known.quality("sketch") == "share right: 0.912 (at least 0.9 wanted), of 50"
    assert known.quality("label") == "share right: 0.7, of 50"
    assert known.quality("look") == evidence.NOT_MEASURED


def test_the_table_has_what_was_promised_and_the_section_all(evidence: ModuleType, tmp_path: Path) -> None:
    rows = [figure("sketch", 0.5), figure("sketch", 0.912, 0.9)]
    write(tmp_path, "2026-11-23-tool-quality.json", {"figures": rows})
    known = evidence.ToolEvidence(MODELS, tmp_path)
    assert known.quality("sketch") == "share right: 0.912 (at least 0.9 wanted), of 50"
    assert known.figures("sketch") == ("share right: 0.5, of 50", known.quality("sketch"))
    assert known.figures("look") == ()


def test_cost_is_a_served_call_and_the_parity_of_the_networks(evidence: ModuleType, tmp_path: Path) -> None:
    given = {"photo": 81.6, "drawing": 40.2}
    costs = [{"tool": "sketch", "given": words, "served": {"p50_ms": cost}} for words, cost in given.items()]
    write(tmp_path, "2026-11-22-tool-costs.json", {"costs": costs})
    outputs = [{"max_abs_difference": 0.002, "tolerance": 0.01}, {"max_abs_difference": 0.3, "tolerance": 1.0}]
    write(tmp_path, "parity.json", {"hed": {"file": "soft_edges/1/hed.onnx", "outputs": outputs}})
    known = evidence.ToolEvidence(MODELS, tmp_path, tmp_path / "parity.json")
    assert known.cost(SKETCH, "sketch") == "82 ms (photo)<br>40 ms (drawing)<br>parity 0.30"
    assert known.cost(LOOK, "look") == evidence.NOT_MEASURED
