"""Operations on finished graphs keep what is computed, at any batch size."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from visgate_export.canonical_form import canonical_bytes
from visgate_export.errors import ConversionError
from visgate_export.graph_surgery import OPSET, free_batch_axis_of_reshapes, load_without_shapes, set_output

ROWS = np.arange(24, dtype=np.float32).reshape(4, 6)


def reshaping_model(target: list[int], opset: int = 11) -> onnx.ModelProto:
    """`sum = x + x`, then `y`: its six values as `target`; made for one row, as converters make it."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["sum"], name="double"),
            helper.make_node("Reshape", ["sum", "target"], ["y"], name="reshape"),
        ],
        "reshape",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 3])],
        [numpy_helper.from_array(np.array(target, np.int64), "target")],
        value_info=[helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 6])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)


def test_a_reshape_for_one_row_takes_any_number() -> None:
    model = load_without_shapes(reshaping_model([1, 2, 3]).SerializeToString())
    assert not model.graph.value_info
    free_batch_axis_of_reshapes(model)
    set_output(model, "y", "y", ["N", 2, 3])
    assert model.opset_import[0].version == OPSET
    (result,) = onnxruntime.InferenceSession(canonical_bytes(model)).run(None, {"x": ROWS})
    np.testing.assert_array_equal(result, 2 * ROWS.reshape(4, 2, 3))


def test_a_reshape_with_a_dynamic_axis_already_is_refused() -> None:
    model = load_without_shapes(reshaping_model([1, -1, 3]).SerializeToString())
    with pytest.raises(ConversionError, match="reshape"):
        free_batch_axis_of_reshapes(model)


def test_an_output_may_take_a_name_that_is_used_inside() -> None:
    model = load_without_shapes(reshaping_model([-1, 2, 3]).SerializeToString())
    set_output(model, "y", "sum", ["N", 2, 3])
    session = onnxruntime.InferenceSession(canonical_bytes(model))
    (output,) = session.get_outputs()
    assert (output.name, output.shape) == ("sum", ["N", 2, 3])
    np.testing.assert_array_equal(session.run(None, {"x": ROWS})[0], 2 * ROWS.reshape(4, 2, 3))


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(ConversionError, match="'absent'; it has y"):
        set_output(reshaping_model([1, 2, 3]), "absent", "z", ["N"])


def test_bytes_that_are_no_network_are_refused() -> None:
    with pytest.raises(ConversionError, match="cannot be read as ONNX"):
        load_without_shapes(b"no network")
