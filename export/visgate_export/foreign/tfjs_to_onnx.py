"""Writes the convolutional part of a TensorFlow graph as ONNX nodes; knows no network by name.

TensorFlow keeps pictures as [N,H,W,C], ONNX Runtime convolves [N,C,H,W]. Every tensor that is computed here is such
a batch of feature maps, so it is kept as [N,C,H,W] throughout and no transpose is written. The batch axis is never
looked at, which makes it dynamic. What a network does after its feature maps (picking peaks, say) is for its recipe
to write: graphs made for one picture bake their batch of one into it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from visgate_export.errors import ConversionError, UnknownOperationError
from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_conversion import Conversion, Converter, FeatureMaps, activate, require
from visgate_export.foreign.tfjs_reader import GraphModel, GraphNode
from visgate_export.foreign.tfjs_windows import (
    average_pool,
    convolution,
    depthwise_convolution,
    transposed_convolution,
)


def convert_feature_maps(
    model: GraphModel, graph: OnnxGraph, inputs: Mapping[str, FeatureMaps], outputs: Sequence[str]
) -> tuple[FeatureMaps, ...]:
    """Writes all nodes that lie between `inputs` and `outputs` into `graph`.

    Args:
        model: the TensorFlow graph.
        graph: the ONNX graph, which has the tensors of `inputs` already.
        inputs: the tensors to begin at, by their TensorFlow names.
        outputs: TensorFlow names of the tensors to end at.

    Returns:
        The tensors of `outputs` in the ONNX graph.

    Raises:
        UnknownOperationError: a node's operation, or a setting of it, is not known here.
        ConversionError: a tensor is missing, or a node has an input of another rank than it can have here.
    """
    conversion = Conversion(model, graph, inputs)
    for node in _in_order(model, inputs, outputs):
        convert = _CONVERTERS.get(node.operation)
        if convert is None:
            raise UnknownOperationError(
                f"the TensorFlow operation {node.operation} (node {node.name!r}) is not known here. Cut the graph "
                "before it, or add it to the table of tfjs_to_onnx."
            )
        conversion.maps[node.name] = convert(conversion, node)
    return tuple(conversion.maps[name] for name in outputs)


def _in_order(model: GraphModel, inputs: Mapping[str, FeatureMaps], outputs: Sequence[str]) -> list[GraphNode]:
    """The nodes that `outputs` need, each behind those that it needs itself."""
    done: set[str] = set(inputs) | set(model.constants)
    ordered: list[GraphNode] = []
    stack = list(reversed(outputs))
    while stack:
        name = stack[-1]
        if name in done:
            stack.pop()
            continue
        node = model.nodes.get(name)
        if node is None:
            raise ConversionError(f"the TensorFlow graph has no tensor {name!r}: mend the name in the recipe")
        waiting = [needed for needed in node.inputs if needed not in done]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        if not node.inputs:
            raise ConversionError(
                f"the graph reaches its own input {name!r} past the tensors {sorted(inputs)}: begin there as well"
            )
        ordered.append(node)
        done.add(name)
        stack.pop()
    return ordered


def _activation(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    return activate(conversion, node.operation, conversion.maps_of(node), node.name)


def _elementwise(onnx_operator: str) -> Converter:
    def convert(conversion: Conversion, node: GraphNode) -> FeatureMaps:
        operands: list[str] = []
        sizes: list[tuple[int, int, int]] = []
        for position, name in enumerate(node.inputs):
            if name in conversion.constants:
                operand, size = _broadcast_constant(conversion, node, position)
            else:
                maps = conversion.maps_of(node, position)
                operand, size = maps.name, (maps.channels, maps.height, maps.width)
            operands.append(operand)
            sizes.append(size)
        try:
            channels, height, width = np.broadcast_shapes(*sizes)
        except ValueError as error:
            raise ConversionError(f"{node.operation} {node.name!r} combines [C,H,W] of {sizes}: {error}") from error
        return FeatureMaps(conversion.graph.node(onnx_operator, operands, node.name), channels, height, width)

    return convert


def _broadcast_constant(conversion: Conversion, node: GraphNode, position: int) -> tuple[str, tuple[int, int, int]]:
    """A constant as [C,H,W] with ones where it stretches; TensorFlow has the channels last."""
    value = conversion.constant_of(node, position)
    if value.ndim > 4 or (value.ndim == 4 and value.shape[0] != 1):
        raise UnknownOperationError(
            f"{node.operation} {node.name!r} has a constant of shape {value.shape}; at most [1,H,W,C] is known here"
        )
    height, width, channels = (1,) * (3 - value.ndim) + value.shape[-3:] if value.ndim < 4 else value.shape[1:]
    planes = value.reshape(height, width, channels).transpose(2, 0, 1)
    # A scalar stays one: ONNX Runtime's fusions look for it.
    name = conversion.initializer_of(node, position, value if value.ndim == 0 else planes)
    return name, (channels, height, width)


def _sum(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    """AddN, of which every operand has the same shape."""
    require(node, "N", 2)
    return _elementwise("Add")(conversion, node)


def _mean(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    maps, axes = conversion.maps_of(node), conversion.constant_of(node, 1)
    require(node, "keep_dims", True)
    if sorted(np.atleast_1d(axes).tolist()) != [1, 2]:
        raise UnknownOperationError(f"Mean {node.name!r} is over the axes {axes.tolist()}; only [1, 2] is known here")
    return FeatureMaps(conversion.graph.node("GlobalAveragePool", [maps.name], node.name), maps.channels, 1, 1)


def _resize_bilinear(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    maps, size = conversion.maps_of(node), conversion.constant_of(node, 1)
    modes = {(True, False): "half_pixel", (False, True): "align_corners", (False, False): "asymmetric"}
    mode = modes.get((bool(node.attributes.get("half_pixel_centers")), bool(node.attributes.get("align_corners"))))
    if mode is None:
        raise UnknownOperationError(f"ResizeBilinear {node.name!r} has half-pixel centres and aligned corners at once")
    height, width = (int(length) for length in size)
    scales = np.array([1, 1, height / maps.height, width / maps.width], dtype=np.float32)
    if height % maps.height or width % maps.width:
        # ONNX rounds size x scale down, which a scale that float32 cannot hold would throw off by a pixel.
        raise UnknownOperationError(
            f"ResizeBilinear {node.name!r} enlarges {maps.height} x {maps.width} to {height} x {width}; "
            "only whole multiples are known here"
        )
    name = conversion.graph.node(
        "Resize",
        [maps.name, "", conversion.initializer_of(node, 1, scales)],
        node.name,
        mode="linear",
        coordinate_transformation_mode=mode,
    )
    return FeatureMaps(name, maps.channels, height, width)


def _concatenate(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    axis = int(conversion.constant_of(node, len(node.inputs) - 1))
    if axis not in (3, -1):
        raise UnknownOperationError(f"ConcatV2 {node.name!r} joins along axis {axis}; only channels (3) are known here")
    parts = [conversion.maps_of(node, position) for position in range(len(node.inputs) - 1)]
    name = conversion.graph.node("Concat", [part.name for part in parts], node.name, axis=1)
    return FeatureMaps(name, sum(part.channels for part in parts), parts[0].height, parts[0].width)


def _identity(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    return conversion.maps_of(node)


_CONVERTERS: Mapping[str, Converter] = {
    "Add": _elementwise("Add"),
    "AddN": _sum,
    "AddV2": _elementwise("Add"),
    "AvgPool": average_pool,
    "ConcatV2": _concatenate,
    "Conv2D": convolution,
    "Conv2DBackpropInput": transposed_convolution,
    "DepthwiseConv2dNative": depthwise_convolution,
    "FusedDepthwiseConv2dNative": depthwise_convolution,
    "Identity": _identity,
    "Mean": _mean,
    "Mul": _elementwise("Mul"),
    "Relu": _activation,
    "Relu6": _activation,
    "ResizeBilinear": _resize_bilinear,
    "Sigmoid": _activation,
    "Sub": _elementwise("Sub"),
    "_FusedConv2D": convolution,
}
