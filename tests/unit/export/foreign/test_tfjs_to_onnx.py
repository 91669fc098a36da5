"""Each operation is compared with PyTorch, or with its definition in numpy, at a batch of two different rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

from visgate_export.errors import ConversionError, UnknownOperationError
from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_conversion import FeatureMaps
from visgate_export.foreign.tfjs_reader import GraphNode
from visgate_export.foreign.tfjs_to_onnx import convert_feature_maps

from .graph_models import WINDOW, graph_model, run_node


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def planes(value: np.ndarray) -> torch.Tensor:
    """[N,H,W,C] as PyTorch has it."""
    return torch.from_numpy(np.ascontiguousarray(value.transpose(0, 3, 1, 2)))


def assert_equal_planes(result: np.ndarray, expected: torch.Tensor) -> None:
    np.testing.assert_allclose(result, expected.numpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-5)


# Size, kernel, stride and dilation of a SAME window, and its padding before and after by TensorFlow's definition.
SAME_WINDOWS = [
    (6, 3, 1, 1, (1, 1)),
    (6, 3, 2, 1, (0, 1)),
    (5, 3, 2, 1, (1, 1)),
    (6, 5, 2, 1, (1, 2)),
    (7, 2, 2, 1, (0, 1)),
    (6, 1, 2, 1, (0, 0)),
    (6, 2, 4, 1, (0, 0)),
    (8, 3, 1, 2, (2, 2)),
]


def same_window(stride: int, dilation: int) -> dict[str, Any]:
    return {**WINDOW, "strides": [1, stride, stride, 1], "dilations": [1, dilation, dilation, 1]}


@pytest.mark.parametrize(("size", "kernel", "stride", "dilation", "pads"), SAME_WINDOWS)
def test_convolution_with_same_padding(
    size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]
) -> None:
    maps, weights = numbers(2, size, size, 3), numbers(kernel, kernel, 3, 4, seed=1)
    result = run_node("Conv2D", ["x", "w"], same_window(stride, dilation), {"w": weights}, {"x": maps})
    padded = functional.pad(planes(maps), (*pads, *pads))
    kernels = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy())
    assert_equal_planes(result, functional.conv2d(padded, kernels, stride=stride, dilation=dilation))


@pytest.mark.parametrize(("size", "kernel", "stride", "dilation", "pads"), SAME_WINDOWS)
def test_depthwise_convolution_with_same_padding(
    size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]
) -> None:
    maps, weights = numbers(2, size, size, 3), numbers(kernel, kernel, 3, 2, seed=1)
    attributes = same_window(stride, dilation)
    result = run_node("DepthwiseConv2dNative", ["x", "w"], attributes, {"w": weights}, {"x": maps})
    # TensorFlow: output channel k * multiplier + q is input channel k through weights[:, :, k, q].
    padded = functional.pad(planes(maps), (*pads, *pads))
    channels = []
    for channel in range(3):
        for q in range(2):
            one = torch.from_numpy(weights[None, None, :, :, channel, q].copy())
            channels.append(functional.conv2d(padded[:, channel : channel + 1], one, stride=stride, dilation=dilation))
    assert_equal_planes(result, torch.cat(channels, dim=1))


def test_convolution_with_valid_padding_and_unequal_sides() -> None:
    maps, weights = numbers(2, 9, 7, 3), numbers(3, 2, 3, 4, seed=1)
    attributes = {**WINDOW, "padding": "VALID", "strides": [1, 2, 1, 1]}
    result = run_node("Conv2D", ["x", "w"], attributes, {"w": weights}, {"x": maps})
    kernels = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy())
    assert_equal_planes(result, functional.conv2d(planes(maps), kernels, stride=(2, 1)))


@pytest.mark.parametrize(
    ("fused", "activation"),
    [
        (["BiasAdd"], lambda value: value),
        (["BiasAdd", "Relu"], functional.relu),
        (["BiasAdd", "Relu6"], functional.relu6),
    ],
)
def test_fused_convolutions_add_the_bias_then_activate(fused: list[str], activation: Any) -> None:
    maps, weights = numbers(2, 6, 6, 3) * 4, numbers(3, 3, 3, 5, seed=1)
    bias, depth_bias = numbers(5, seed=2) + 2, numbers(3, seed=3) + 2
    attributes = {**WINDOW, "fused_ops": fused, "num_args": 1}
    result = run_node("_FusedConv2D", ["x", "w", "b"], attributes, {"w": weights, "b": bias}, {"x": maps})
    kernels = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy())
    assert_equal_planes(result, activation(functional.conv2d(planes(maps), kernels, torch.from_numpy(bias), padding=1)))

    depthwise = weights[:, :, :, :1]
    constants = {"w": depthwise, "b": depth_bias}
    result = run_node("FusedDepthwiseConv2dNative", ["x", "w", "b"], attributes, constants, {"x": maps})
    kernels = torch.from_numpy(depthwise.transpose(2, 3, 0, 1).copy())
    expected = functional.conv2d(planes(maps), kernels, torch.from_numpy(depth_bias), padding=1, groups=3)
    assert_equal_planes(result, activation(expected))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [(4, 2, 2, "SAME"), (4, 3, 2, "SAME"), (5, 3, 2, "SAME"), (6, 4, 2, "SAME"), (6, 1, 2, "SAME"), (7, 3, 2, "VALID")],
)
def test_transposed_convolution_is_the_gradient_of_the_convolution(
    size: int, kernel: int, stride: int, padding: str
) -> None:
    outer, inner = 2, 3
    weights = numbers(kernel, kernel, outer, inner, seed=1)
    attributes = {**WINDOW, "padding": padding, "strides": [1, stride, stride, 1]}
    # y = convolution(x): its gradient with respect to x, along g, is what Conv2DBackpropInput computes.
    before = after = 0
    small = -(-size // stride) if padding == "SAME" else (size - kernel) // stride + 1
    if padding == "SAME":
        total = max((small - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
    gradient = numbers(2, small, small, inner, seed=2)
    x = torch.zeros(2, outer, size, size, requires_grad=True)
    kernels = torch.from_numpy(weights.transpose(3, 2, 0, 1).copy())
    y = functional.conv2d(functional.pad(x, (before, after, before, after)), kernels, stride=stride)
    y.backward(planes(gradient))
    constants = {"shape": np.array([1, size, size, outer]), "w": weights}
    result = run_node("Conv2DBackpropInput", ["shape", "w", "g"], attributes, constants, {"g": gradient})
    assert x.grad is not None
    assert_equal_planes(result, x.grad)


@pytest.mark.parametrize(
    ("operation", "meaning"),
    [("Add", np.add), ("AddV2", np.add), ("Sub", np.subtract), ("Mul", np.multiply)],
)
@pytest.mark.parametrize("shape", [(), (3,), (5, 3), (4, 5, 1), (4, 5, 3), (1, 4, 5, 3), (1, 1, 1, 3)])
def test_elementwise_operations_stretch_constants_as_numpy_does(
    operation: str, meaning: Any, shape: tuple[int, ...]
) -> None:
    maps, constant = numbers(2, 4, 5, 3), numbers(*shape, seed=1)
    first = run_node(operation, ["x", "c"], {}, {"c": constant}, {"x": maps})
    second = run_node(operation, ["c", "x"], {}, {"c": constant}, {"x": maps})
    np.testing.assert_allclose(first, meaning(maps, constant), rtol=1e-6)
    np.testing.assert_allclose(second, meaning(constant, maps), rtol=1e-6)


def test_elementwise_operations_on_two_computed_maps() -> None:
    maps, gates = numbers(2, 4, 5, 3), numbers(2, 1, 1, 3, seed=1)
    np.testing.assert_allclose(run_node("Mul", ["x", "g"], {}, {}, {"x": maps, "g": gates}), maps * gates, rtol=1e-6)
    np.testing.assert_allclose(run_node("AddN", ["x", "x"], {"N": 2}, {}, {"x": maps}), maps + maps, rtol=1e-6)


def test_maps_that_do_not_fit_are_an_error() -> None:
    maps = {"x": numbers(1, 4, 5, 3), "y": numbers(1, 4, 4, 3)}
    with pytest.raises(ConversionError, match="'result' combines"):
        run_node("Add", ["x", "y"], {}, {}, maps)


@pytest.mark.parametrize(
    ("operation", "meaning"),
    [
        ("Relu", lambda x: np.maximum(x, 0)),
        ("Relu6", lambda x: np.clip(x, 0, 6)),
        ("Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("Identity", lambda x: x),
    ],
)
def test_activations(operation: str, meaning: Any) -> None:
    maps = numbers(2, 4, 5, 3) * 5
    if operation == "Identity":  # writes no node: the graph needs another to have an output of its own
        graph = OnnxGraph("test")
        given = FeatureMaps(graph.add_input("x", ["N", 3, 4, 5]), 3, 4, 5)
        model = graph_model([GraphNode("result", "Identity", ("x",), {})], {})
        assert convert_feature_maps(model, graph, {"x": given}, ["result"]) == (given,)
    else:
        np.testing.assert_allclose(run_node(operation, ["x"], {}, {}, {"x": maps}), meaning(maps), rtol=1e-5, atol=1e-6)


def test_average_pool_leaves_padding_out() -> None:
    maps = numbers(2, 5, 6, 3)
    attributes = {**WINDOW, "strides": [1, 2, 2, 1], "ksize": [1, 3, 3, 1]}
    result = run_node("AvgPool", ["x"], attributes, {}, {"x": maps})
    expected = np.empty((2, 3, 3, 3), np.float32)
    for row in range(3):
        for column in range(3):  # vertical padding 1 and 1, horizontal 0 and 1
            rows = slice(max(2 * row - 1, 0), 2 * row + 2)
            expected[:, row, column] = maps[:, rows, 2 * column : 2 * column + 3].mean(axis=(1, 2))
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kernel", "strides"), [([1, 4, 6, 1], [1, 4, 6, 1]), ([1, 2, 3, 1], [1, 2, 3, 1]), ([1, 2, 3, 1], [1, 9, 9, 1])]
)
def test_average_pool_over_all_and_over_a_part(kernel: list[int], strides: list[int]) -> None:
    maps = numbers(2, 4, 6, 3)
    attributes = {**WINDOW, "padding": "VALID", "strides": strides, "ksize": kernel}
    result = run_node("AvgPool", ["x"], attributes, {}, {"x": maps})
    assert_equal_planes(result, functional.avg_pool2d(planes(maps), kernel[1:3], strides[1:3]))


def test_mean_over_the_picture() -> None:
    maps = numbers(2, 4, 6, 3)
    result = run_node("Mean", ["x", "axes"], {"keep_dims": True}, {"axes": np.array([1, 2])}, {"x": maps})
    np.testing.assert_allclose(result, maps.mean(axis=(1, 2), keepdims=True), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("corners", [False, True])
def test_resize_with_half_pixels_or_aligned_corners(corners: bool) -> None:
    maps = numbers(2, 3, 4, 2)
    attributes = {"align_corners": corners, "half_pixel_centers": not corners}
    result = run_node("ResizeBilinear", ["x", "size"], attributes, {"size": np.array([6, 12])}, {"x": maps})
    expected = functional.interpolate(planes(maps), (6, 12), mode="bilinear", align_corners=corners)
    assert_equal_planes(result, expected)


def test_resize_by_tensorflows_first_rule() -> None:
    """Neither flag: pixel i is taken at i / scale, without half pixels."""
    maps = numbers(2, 3, 3, 2)
    attributes = {"align_corners": False, "half_pixel_centers": False}
    result = run_node("ResizeBilinear", ["x", "size"], attributes, {"size": np.array([6, 6])}, {"x": maps})
    places = np.arange(6) / 2
    low = places.astype(int)
    high, share = np.minimum(low + 1, 2), (places - low).astype(np.float32)
    tall = maps[:, low] * (1 - share)[:, None, None] + maps[:, high] * share[:, None, None]
    expected = tall[:, :, low] * (1 - share)[:, None] + tall[:, :, high] * share[:, None]
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [3, -1])
def test_concatenation_of_channels(axis: int) -> None:
    x, y = numbers(2, 4, 5, 3), numbers(2, 4, 5, 2, seed=1)
    result = run_node("ConcatV2", ["x", "y", "axis"], {}, {"axis": np.array(axis)}, {"x": x, "y": y})
    np.testing.assert_array_equal(result, np.concatenate([x, y], axis=3))


def test_nodes_are_written_in_order_of_need_whatever_their_order_in_the_file() -> None:
    nodes = [
        GraphNode("last", "Sub", ("middle", "first"), {}),
        GraphNode("unneeded", "MadeUpOperation", ("first",), {}),
        GraphNode("middle", "Mul", ("first", "three"), {}),
        GraphNode("first", "Relu", ("x",), {}),
        GraphNode("x", "Placeholder", (), {}),
    ]
    graph = OnnxGraph("test")
    given = FeatureMaps(graph.add_input("x", ["N", 1, 1, 2]), 1, 1, 2)
    model = graph_model(nodes, {"three": np.float32(3)})
    (last, middle) = convert_feature_maps(model, graph, {"x": given}, ["last", "middle"])
    for maps in (last, middle):
        graph.add_output(maps.name, ["N", 1, 1, 2])
    session = onnxruntime.InferenceSession(graph.to_model().SerializeToString(), providers=["CPUExecutionProvider"])
    results = session.run(None, {"x": np.array([[[[4.0, -4.0]]]], np.float32)})
    np.testing.assert_array_equal(np.ravel(results), [8, 0, 12, 0])


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(UnknownOperationError, match=r"MadeUpOperation .*'result'"):
        run_node("MadeUpOperation", ["x"], {}, {}, {"x": numbers(1, 2, 2, 1)})


@pytest.mark.parametrize(
    ("operation", "inputs", "attributes", "constants", "named"),
    [
        ("Conv2D", ["x", "w"], {"padding": "EXPLICIT"}, {"w": np.zeros((1, 1, 3, 1), "f")}, "padding='EXPLICIT'"),
        ("Conv2D", ["x", "w"], {"data_format": "NCHW"}, {"w": np.zeros((1, 1, 3, 1), "f")}, "data_format='NCHW'"),
        ("Conv2D", ["x", "w"], {"strides": [1, 1, 1, 2]}, {"w": np.zeros((1, 1, 3, 1), "f")}, "strides"),
        (
            "_FusedConv2D",
            ["x", "w", "b"],
            {"num_args": 1, "fused_ops": ["BiasAdd", "Elu"]},
            {"w": np.zeros((1, 1, 3, 1), "f"), "b": np.zeros(1, "f")},
            "Elu",
        ),
        ("ConcatV2", ["x", "x", "axis"], {}, {"axis": np.array(1)}, "axis 1"),
        ("Mean", ["x", "axes"], {"keep_dims": False}, {"axes": np.array([1, 2])}, "keep_dims=False"),
        ("Mean", ["x", "axes"], {"keep_dims": True}, {"axes": np.array([3])}, "axes"),
        ("ResizeBilinear", ["x", "size"], {}, {"size": np.array([6, 8])}, "whole multiples"),
        (
            "Conv2DBackpropInput",
            ["shape", "w", "x"],
            {"strides": [1, 2, 2, 1]},
            {"shape": np.array([1, 20, 20, 2]), "w": np.zeros((2, 2, 2, 3), "f")},
            "does not fit maps of 4 x 5",
        ),
    ],
)
def test_an_unknown_setting_is_named(
    operation: str, inputs: list[str], attributes: dict[str, Any], constants: dict[str, Any], named: str
) -> None:
    with pytest.raises(UnknownOperationError, match=named) as caught:
        run_node(operation, inputs, {**WINDOW, **attributes}, constants, {"x": numbers(1, 4, 5, 3)})
    assert operation in str(caught.value)
    assert "'result'" in str(caught.value)


@pytest.mark.parametrize(
    ("outputs", "named"), [(["nowhere"], "no tensor 'nowhere'"), (["behind"], "reaches its own input 'other'")]
)
def test_a_wrong_cut_is_named(outputs: list[str], named: str) -> None:
    nodes = [GraphNode("other", "Placeholder", (), {}), GraphNode("behind", "Relu", ("other",), {})]
    graph = OnnxGraph("test")
    given = FeatureMaps(graph.add_input("x", ["N", 1, 1, 1]), 1, 1, 1)
    with pytest.raises(ConversionError, match=named):
        convert_feature_maps(graph_model(nodes, {}), graph, {"x": given}, outputs)
