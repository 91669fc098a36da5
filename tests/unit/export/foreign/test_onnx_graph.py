from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from visgate_export.errors import ConversionError
from visgate_export.foreign.onnx_graph import OnnxGraph


def small_graph() -> OnnxGraph:
    graph = OnnxGraph("small")
    doubled = graph.node("Mul", [graph.add_input("x", ["N", 2]), graph.constant("two", 2.0)], "doubled")
    graph.node_with_outputs("Split", [doubled, graph.constant("parts", np.array([1, 1]))], ["left", "right"], axis=1)
    graph.add_output("right", ["N", 1])
    return graph


def test_a_graph_computes_what_was_written() -> None:
    session = onnxruntime.InferenceSession(small_graph().to_model().SerializeToString())
    np.testing.assert_array_equal(session.run(None, {"x": np.array([[1, 2], [3, 4]], np.float32)})[0], [[4], [8]])


def test_equal_calls_give_equal_bytes() -> None:
    first, second = (small_graph().to_model().SerializeToString(deterministic=True) for _ in range(2))
    assert first == second


def test_numbers_become_float32_or_int64_scalars() -> None:
    graph = OnnxGraph("scalars")
    graph.add_input("x", [])
    graph.node("Add", ["x", graph.constant("half", 0.5)], "y")
    graph.node("Add", [graph.constant("three", 3), graph.constant("three", 3)], "six")
    graph.add_output("y", [])
    graph.add_output("six", [], 7)  # int64
    session = onnxruntime.InferenceSession(graph.to_model().SerializeToString())
    y, six = session.run(None, {"x": np.array(1, np.float32)})
    assert (y, six) == (1.5, 6)
    assert six.dtype == np.int64


def test_one_constant_may_be_asked_for_twice_but_not_with_two_values() -> None:
    graph = OnnxGraph("twice")
    assert graph.constant("c", 1.0) == graph.constant("c", 1.0)
    with pytest.raises(ConversionError, match="'c'"):
        graph.constant("c", 2.0)
    with pytest.raises(ConversionError, match="'c'"):
        graph.constant("c", 1)  # the same number in another type


def test_a_name_is_given_once() -> None:
    graph = small_graph()
    with pytest.raises(ConversionError, match="two tensors of small are called 'doubled'"):
        graph.node("Relu", ["x"], "doubled")
    with pytest.raises(ConversionError, match="'left'"):
        graph.node_with_outputs("Split", ["x"], ["fresh", "left"])


def test_an_invalid_graph_is_an_error() -> None:
    graph = small_graph()
    graph.node("Relu", ["nowhere"], "y")
    with pytest.raises(ConversionError, match="graph written for small is not valid ONNX"):
        graph.to_model()


def test_a_declared_shape_that_is_not_computed_is_an_error() -> None:
    graph = OnnxGraph("wrong")
    graph.node("Relu", [graph.add_input("x", ["N", 2])], "y")
    graph.add_output("y", ["N", 3])
    with pytest.raises(ConversionError, match="wrong"):
        graph.to_model()
