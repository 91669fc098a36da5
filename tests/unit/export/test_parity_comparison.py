"""A comparison with a reference finds every way in which a network can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from visgate_export.errors import ParityError
from visgate_export.parity import Array, Inputs, Outputs, compare, row_by_row
from visgate_export.recipe import ParityReport

from .sample_recipes import multiplying_model

BATCHES = [{"x": np.ones((rows, 2), np.float32)} for rows in (1, 3)]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "multiply.onnx"
    path.write_bytes(multiplying_model(2.0).SerializeToString())
    return path


def compared_with(network: Path, reference_output: Array | float) -> ParityReport:
    def reference(inputs: Inputs) -> Outputs:
        return {"y": np.broadcast_to(np.asarray(reference_output, np.float32), inputs["x"].shape)}

    return compare(network, reference, "constants", BATCHES, {"y": 0.01})


def test_the_largest_difference_is_reported(network: Path) -> None:
    report = compared_with(network, np.array([2.0, 2.005]))
    assert report.passed
    assert report.batch_sizes == (1, 3)
    assert report.outputs[0].max_abs_difference == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("value", [2.02, float("nan"), float("inf")])
def test_a_difference_fails(network: Path, value: float) -> None:
    report = compared_with(network, np.array([2.0, value]))
    assert not report.passed
    with pytest.raises(ParityError, match=r"y differs by .* \(allowed 0\.01\)"):
        report.require()


def test_another_shape_fails(network: Path) -> None:
    report = compare(network, lambda inputs: {"y": inputs["x"][:, :1] * 2}, "half", BATCHES, {"y": 1e9})
    assert not report.passed


def test_a_network_that_mixes_rows_fails_where_one_row_passes(tmp_path: Path) -> None:
    """The reason for a second batch size: a mean over the batch is right for one row alone."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Mul", ["mean", "x"], ["product"]),
            helper.make_node("Div", ["product", "x"], ["y"]),
        ],
        "mix",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
    )
    path = tmp_path / "mix.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10).SerializeToString()
    )
    onnx.checker.check_model(path)
    rows = [{"x": np.arange(1, 2 * count + 1, dtype=np.float32).reshape(count, 2)} for count in (1, 3)]
    identity = row_by_row(lambda inputs: {"y": inputs["x"]})
    report = compare(path, identity, "itself", rows, {"y": 1e-3})
    assert report.outputs[0].max_abs_difference == pytest.approx(2.0)


def test_equal_infinities_are_equal(network: Path) -> None:
    batches = [{"x": np.full((rows, 2), -np.inf, np.float32)} for rows in (1, 3)]
    report = compare(network, lambda inputs: {"y": inputs["x"]}, "itself", batches, {"y": 0.0})
    assert report.passed


def test_one_batch_size_is_not_enough(network: Path) -> None:
    with pytest.raises(ValueError, match="two batch sizes"):
        compare(network, lambda inputs: inputs, "itself", BATCHES[:1], {"y": 0.0})


def test_every_output_has_a_tolerance(network: Path) -> None:
    with pytest.raises(ValueError, match="tolerances"):
        compare(network, lambda inputs: inputs, "itself", BATCHES, {})


def test_a_report_on_nothing_does_not_pass() -> None:
    with pytest.raises(ParityError, match="nothing was compared"):
        ParityReport("nothing", (1, 3), ()).require()
