"""Puts the picture preprocessing of a network inside its ONNX graph; knows nothing about any one network.

Every picture network of visgate takes one input, `image`: UINT8 [N,H,W,3], RGB, 0-255. What the network
behind it expects (channel order, scaling, layout) becomes nodes of the graph, so that no caller can get it
wrong, and a quarter of the bytes of float pictures is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from visgate_export.errors import ConversionError

IMAGE_INPUT = "image"
_PREFIX = "preprocess/"


class Layout(Enum):
    """Order of the axes of a picture batch."""

    NHWC = "NHWC"
    NCHW = "NCHW"


class ChannelOrder(Enum):
    """Order of the colour channels."""

    RGB = "RGB"
    BGR = "BGR"


@dataclass(frozen=True)
class PictureInput:
    """The pictures that a network was trained on: `value = scale * byte + offset` in each channel.

    Attributes:
        height: rows in pixels, None where any height works.
        width: columns in pixels, None where any width works.
        layout: order of the axes of the network's own input.
        channel_order: order of the channels of the network's own input.
        scale: one factor, or one per channel in the network's channel order.
        offset: one summand, or one per channel in the network's channel order.
        alpha: value of a fourth channel that the network wants, None where it wants three.
    """

    height: int | None
    width: int | None
    layout: Layout
    channel_order: ChannelOrder = ChannelOrder.RGB
    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    alpha: float | None = None


def mean_and_std(mean: Sequence[float], std: Sequence[float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scale and offset on bytes that equal `(byte / 255 - mean) / std` in each channel."""
    scale = tuple(1 / (255 * deviation) for deviation in std)
    offset = tuple(-centre / deviation for centre, deviation in zip(mean, std, strict=True))
    return scale, offset


def with_picture_input(
    model: onnx.ModelProto, pictures: PictureInput, input_name: str | None = None
) -> onnx.ModelProto:
    """A copy of `model` that takes `image` (UINT8 [N,H,W,3], RGB 0-255) in place of its own picture input.

    Args:
        model: a network whose picture input has its batch axis first.
        pictures: what that input expects.
        input_name: which input, where there are several.

    Raises:
        ConversionError: there is no such input, or scaling is asked for on an integer input.
    """
    wrapped = onnx.ModelProto()
    wrapped.CopyFrom(model)
    graph = wrapped.graph
    network_input = _find_input(graph, input_name)
    element_type = network_input.type.tensor_type.elem_type
    steps = _Steps(graph, pictures.layout)
    if pictures.layout is Layout.NCHW:
        steps.append("Transpose", perm=[0, 3, 1, 2])
    if pictures.channel_order is ChannelOrder.BGR:
        steps.append("Gather", np.array([2, 1, 0], dtype=np.int64), axis=steps.channel_axis)
    steps.append("Cast", to=element_type)
    if (pictures.scale, pictures.offset) != (1.0, 0.0):
        if element_type != onnx.TensorProto.FLOAT:
            raise ConversionError(f"input {network_input.name!r} is not float: its pictures cannot be scaled")
        steps.append("Mul", steps.per_channel(pictures.scale))
        steps.append("Add", steps.per_channel(pictures.offset))
    if pictures.alpha is not None:
        # Pad appends one plane of a constant behind the last channel, whatever the picture's size.
        pads = np.zeros(8, dtype=np.int64)
        pads[4 + steps.channel_axis] = 1
        steps.append("Pad", pads, np.array(pictures.alpha, dtype=np.float32), mode="constant")
    name = network_input.name
    graph.input.remove(network_input)
    image = helper.make_tensor_value_info(
        IMAGE_INPUT, onnx.TensorProto.UINT8, ["N", pictures.height or "H", pictures.width or "W", 3]
    )
    graph.input.insert(0, image)
    steps.finish(name)
    return wrapped


def _find_input(graph: onnx.GraphProto, name: str | None) -> onnx.ValueInfoProto:
    initializers = {initializer.name for initializer in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initializers]
    for value in inputs:
        if value.name == name or (name is None and len(inputs) == 1):
            return value
    names = ", ".join(value.name for value in inputs)
    raise ConversionError(f"no one input to wrap: asked for {name!r}, the network has {names}")


class _Steps:
    """Nodes in a row from the `image` input to the network's own input."""

    def __init__(self, graph: onnx.GraphProto, layout: Layout) -> None:
        self.channel_axis = 3 if layout is Layout.NHWC else 1
        self._graph = graph
        self._nodes: list[onnx.NodeProto] = []

    def per_channel(self, values: float | tuple[float, ...]) -> NDArray[np.float32]:
        """`values` as float32, in a shape that broadcasts along the channels."""
        flat = np.atleast_1d(np.asarray(values, dtype=np.float64)).astype(np.float32)
        return flat if self.channel_axis == 3 else flat.reshape(-1, 1, 1)

    def append(self, operator: str, *constants: NDArray[Any], **attributes: object) -> None:
        """Adds one node that takes what the last one gave, then the constants."""
        position = len(self._nodes)
        inputs = [self._nodes[-1].output[0] if self._nodes else IMAGE_INPUT]
        for index, constant in enumerate(constants):
            constant_name = f"{_PREFIX}{position}_{operator}_constant_{index}"
            self._graph.initializer.append(numpy_helper.from_array(constant, constant_name))
            inputs.append(constant_name)
        node_name = f"{_PREFIX}{position}_{operator}"
        self._nodes.append(helper.make_node(operator, inputs, [node_name], name=node_name, **attributes))

    def finish(self, input_name: str) -> None:
        """Puts the nodes in front of the graph's own and lets the last one feed them."""
        self._nodes[-1].output[0] = input_name
        own_nodes = list(self._graph.node)
        del self._graph.node[:]
        self._graph.node.extend([*self._nodes, *own_nodes])
