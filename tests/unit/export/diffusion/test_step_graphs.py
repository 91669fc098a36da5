"""The arithmetic of a denoising step as ONNX graphs equals NumPy's, and its check finds a graph that does not."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from visgate_export.canonical_form import canonical_bytes
from visgate_export.diffusion.set_recipes import STEP_GRAPH_NAMES
from visgate_export.diffusion.step_graphs import STEP_GRAPHS
from visgate_export.diffusion.step_parity import check_step_graph


def test_every_graph_has_a_recipe() -> None:
    assert tuple(STEP_GRAPHS) == STEP_GRAPH_NAMES


@pytest.mark.parametrize("name", STEP_GRAPHS)
def test_equal_to_numpy(name: str, tmp_path: Path) -> None:
    path = tmp_path / "step.onnx"
    path.write_bytes(canonical_bytes(STEP_GRAPHS[name]()))
    check_step_graph(name, path).require()


@pytest.mark.parametrize(
    ("name", "operation"),
    [("model_input", "Mul"), ("scatter_rows", "Mul"), ("advance", "Mul"), ("join_channels", "Concat")],
)
def test_the_check_finds_a_wrong_graph(name: str, operation: str, tmp_path: Path) -> None:
    model = STEP_GRAPHS[name]()
    node = next(node for node in model.graph.node if node.op_type == operation)
    if operation == "Mul":
        node.op_type = "Sub"
    else:
        node.input[0], node.input[1] = node.input[1], node.input[0]
    onnx.save(model, tmp_path / "wrong.onnx")
    assert not check_step_graph(name, tmp_path / "wrong.onnx").passed
