"""Writes ncnn layers as ONNX nodes; knows no network by name.

ncnn computes one picture, [C,H,W]; the nodes compute the same for each row of [N,C,H,W], of any height and width.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from visgate_export.errors import ConversionError, UnknownOperationError
from visgate_export.foreign.ncnn_reader import NcnnLayer
from visgate_export.foreign.onnx_graph import OnnxGraph


def convert_layers(
    layers: Sequence[NcnnLayer], graph: OnnxGraph, inputs: Mapping[str, str], outputs: Sequence[str]
) -> tuple[str, ...]:
    """Writes all layers into `graph`.

    Args:
        layers: the network.
        graph: the ONNX graph, which has the tensors of `inputs` already.
        inputs: ONNX names of the tensors that the network's inputs become, by ncnn's blob name.
        outputs: ncnn's names of the blobs to end at.

    Returns:
        ONNX names of the blobs in `outputs`.

    Raises:
        UnknownOperationError: a layer's kind, or a setting of it, is not known here.
        ConversionError: an input or output is not there.
    """
    blobs: dict[str, str] = {}
    for layer in layers:
        if layer.kind == "Input":
            if layer.outputs[0] not in inputs:
                raise ConversionError(f"the ncnn network has an input {layer.outputs[0]!r} that nothing is given for")
            blobs[layer.outputs[0]] = inputs[layer.outputs[0]]
            continue
        convert = _CONVERTERS.get(layer.kind)
        if convert is None:
            raise UnknownOperationError(
                f"the ncnn layer kind {layer.kind} (layer {layer.name!r}) is not known here. "
                "Add it to the table of ncnn_to_onnx."
            )
        result = convert(graph, layer, [blobs[name] for name in layer.inputs])
        blobs.update(dict.fromkeys(layer.outputs, result))
    missing = [name for name in outputs if name not in blobs]
    if missing:
        raise ConversionError(f"the ncnn network has no blob {missing[0]!r}: mend the name in the recipe")
    return tuple(blobs[name] for name in outputs)


_Converter = Callable[[OnnxGraph, NcnnLayer, Sequence[str]], str]


def _require(layer: NcnnLayer, number: int, meaning: str, *allowed: int, default: int = 0) -> None:
    value = layer.integer(number, default)
    if value not in allowed:
        raise UnknownOperationError(
            f"{layer.kind} {layer.name!r} has {meaning} {value}; only {allowed} is known here. Extend ncnn_to_onnx."
        )


def _split(_graph: OnnxGraph, _layer: NcnnLayer, inputs: Sequence[str]) -> str:
    """One blob under several names."""
    return inputs[0]


def _convolution(graph: OnnxGraph, layer: NcnnLayer, inputs: Sequence[str]) -> str:
    _require(layer, 9, "fused activation", 0)
    _require(layer, 19, "dynamic weights", 0)
    left = layer.integer(4, 0)
    if left < 0:
        raise UnknownOperationError(f"Convolution {layer.name!r} has padding mode {left}, which is not known here")
    top, right = layer.integer(14, left), layer.integer(15, left)
    bottom = layer.integer(16, top)
    dilation, stride = layer.integer(2, 1), layer.integer(3, 1)
    names = ("kernel", "bias")[: len(layer.weights)]
    constants = [
        graph.constant(f"{layer.name}/{name}", values) for name, values in zip(names, layer.weights, strict=True)
    ]
    return graph.node(
        "Conv",
        [inputs[0], *constants],
        layer.name,
        kernel_shape=list(layer.weights[0].shape[2:]),
        dilations=[layer.integer(12, dilation), dilation],
        strides=[layer.integer(13, stride), stride],
        pads=[top, left, bottom, right],
    )


def _prelu(graph: OnnxGraph, layer: NcnnLayer, inputs: Sequence[str]) -> str:
    slopes = layer.weights[0].reshape(-1, 1, 1)
    return graph.node("PRelu", [inputs[0], graph.constant(f"{layer.name}/slopes", slopes)], layer.name)


def _pixel_shuffle(graph: OnnxGraph, layer: NcnnLayer, inputs: Sequence[str]) -> str:
    _require(layer, 1, "mode", 0)
    return graph.node("DepthToSpace", inputs, layer.name, blocksize=layer.integer(0, 1), mode="CRD")


def _interp(graph: OnnxGraph, layer: NcnnLayer, inputs: Sequence[str]) -> str:
    """Enlarging by whole factors to the nearest pixel."""
    _require(layer, 0, "resize type", 1)
    _require(layer, 3, "fixed height", 0)
    _require(layer, 4, "fixed width", 0)
    factors = [layer.parameters.get(1, 1.0), layer.parameters.get(2, 1.0)]
    if any(factor != int(factor) or factor < 1 for factor in factors):
        raise UnknownOperationError(f"Interp {layer.name!r} scales by {factors}; only whole factors are known here")
    scales = graph.constant(f"{layer.name}/scales", np.array([1, 1, *factors], dtype=np.float32))
    return graph.node(
        "Resize",
        [inputs[0], "", scales],
        layer.name,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _binary(graph: OnnxGraph, layer: NcnnLayer, inputs: Sequence[str]) -> str:
    """Sums of two blobs of one shape."""
    _require(layer, 0, "operation", 0)
    _require(layer, 1, "scalar operand", 0)
    return graph.node("Add", inputs, layer.name)


_CONVERTERS: Mapping[str, _Converter] = {
    "BinaryOp": _binary,
    "Convolution": _convolution,
    "Interp": _interp,
    "PReLU": _prelu,
    "PixelShuffle": _pixel_shuffle,
    "Split": _split,
}
