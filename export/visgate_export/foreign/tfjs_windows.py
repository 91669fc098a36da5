"""Converts the TensorFlow operations that slide a window over feature maps: convolutions and average pooling."""

from typing import Any

from numpy.typing import NDArray

from visgate_export.errors import UnknownOperationError
from visgate_export.foreign.sliding_window import Window, place_window
from visgate_export.foreign.tfjs_conversion import Conversion, FeatureMaps, activate, height_and_width, require
from visgate_export.foreign.tfjs_reader import GraphNode

_FUSED_OPERATIONS = frozenset({"_FusedConv2D", "FusedDepthwiseConv2dNative"})


def _window(node: GraphNode, maps: FeatureMaps, kernel: tuple[int, int]) -> Window:
    require(node, "padding", "SAME", "VALID")
    require(node, "data_format", "NHWC", None)
    return place_window(
        (maps.height, maps.width),
        kernel,
        height_and_width(node, "strides"),
        height_and_width(node, "dilations"),
        same=node.attributes["padding"] == "SAME",
    )


def convolution(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    """Conv2D: weights [kh, kw, in, out] become [out, in, kh, kw]."""
    weights = conversion.constant_of(node, 1)
    return _convolve(conversion, node, weights.transpose(3, 2, 0, 1), group=1)


def depthwise_convolution(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    """DepthwiseConv2dNative: weights [kh, kw, in, multiplier] become [in x multiplier, 1, kh, kw]."""
    weights = conversion.constant_of(node, 1)
    rows, columns, channels, multiplier = weights.shape
    grouped = weights.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
    return _convolve(conversion, node, grouped, group=channels)


def _convolve(conversion: Conversion, node: GraphNode, weights: NDArray[Any], group: int) -> FeatureMaps:
    maps = conversion.maps_of(node)
    window = _window(node, maps, (weights.shape[2], weights.shape[3]))
    inputs = [maps.name, conversion.initializer_of(node, 1, weights)]
    activation = None
    if node.operation in _FUSED_OPERATIONS:
        activation = _fused_activation(node)
        inputs.append(conversion.initializer_of(node, 2, conversion.constant_of(node, 2)))
    convolved = conversion.graph.node(
        "Conv",
        inputs,
        node.name if activation is None else f"{node.name}/Conv",
        kernel_shape=window.kernel,
        strides=window.strides,
        dilations=window.dilations,
        pads=window.pads,
        group=group,
    )
    result = FeatureMaps(convolved, weights.shape[0], *window.output_size)
    return result if activation is None else activate(conversion, activation, result, node.name)


def _fused_activation(node: GraphNode) -> str | None:
    """The operation that follows the convolution and its bias inside one fused node."""
    require(node, "num_args", 1)
    require(node, "fused_ops", ["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"])
    fused = node.attributes["fused_ops"]
    return str(fused[1]) if isinstance(fused, list) and len(fused) == 2 else None


def transposed_convolution(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    """Conv2DBackpropInput: inputs are the output's shape, weights [kh, kw, out, in], and the feature maps."""
    shape, weights, maps = conversion.constant_of(node, 0), conversion.constant_of(node, 1), conversion.maps_of(node, 2)
    result = FeatureMaps(node.name, int(shape[3]), int(shape[1]), int(shape[2]))
    # It is the gradient of this convolution, so it has its padding and gives its input's size.
    window = _window(node, result, (weights.shape[0], weights.shape[1]))
    if window.output_size != (maps.height, maps.width) or window.dilations != (1, 1):
        raise UnknownOperationError(
            f"Conv2DBackpropInput {node.name!r} with output shape {shape.tolist()}, strides {window.strides} and "
            f"dilations {window.dilations} does not fit maps of {maps.height} x {maps.width}"
        )
    extra = [
        size - ((count - 1) * stride + length - sum(window.pads[axis::2]))
        for axis, (size, count, stride, length) in enumerate(
            zip((result.height, result.width), window.output_size, window.strides, window.kernel, strict=True)
        )
    ]
    conversion.graph.node(
        "ConvTranspose",
        [maps.name, conversion.initializer_of(node, 1, weights.transpose(3, 2, 0, 1))],
        node.name,
        kernel_shape=window.kernel,
        strides=window.strides,
        pads=window.pads,
        output_padding=extra,
    )
    return result


def average_pool(conversion: Conversion, node: GraphNode) -> FeatureMaps:
    """AvgPool, which leaves padding out of the average."""
    maps = conversion.maps_of(node)
    window = _window(node, maps, height_and_width(node, "ksize"))
    if window.kernel == (maps.height, maps.width) and window.output_size == (1, 1):
        name = conversion.graph.node("GlobalAveragePool", [maps.name], node.name)
    else:
        name = conversion.graph.node(
            "AveragePool",
            [maps.name],
            node.name,
            kernel_shape=window.kernel,
            strides=window.strides,
            pads=window.pads,
            count_include_pad=0,
        )
    return FeatureMaps(name, maps.channels, *window.output_size)
