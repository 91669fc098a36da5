"""What the converters of TensorFlow operations share: feature maps, and the two graphs; converts none itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from visgate_export.errors import ConversionError, UnknownOperationError
from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_reader import GraphModel, GraphNode


@dataclass(frozen=True)
class FeatureMaps:
    """A tensor in the ONNX graph, [N, channels, height, width]."""

    name: str
    channels: int
    height: int
    width: int


class Conversion:
    """What the converters share: the graph read, the graph written, and which tensor became which."""

    def __init__(self, model: GraphModel, graph: OnnxGraph, inputs: Mapping[str, FeatureMaps]) -> None:
        self.constants = model.constants
        self.graph = graph
        self.maps = dict(inputs)

    def maps_of(self, node: GraphNode, position: int = 0) -> FeatureMaps:
        """An input that must be computed feature maps."""
        maps = self.maps.get(node.inputs[position])
        if maps is None:
            raise ConversionError(
                f"input {position} of {node.operation} {node.name!r} is a constant; it cannot be here"
            )
        return maps

    def constant_of(self, node: GraphNode, position: int) -> NDArray[Any]:
        """An input that must be a constant."""
        constant = self.constants.get(node.inputs[position])
        if constant is None:
            raise ConversionError(f"input {position} of {node.operation} {node.name!r} must be a constant")
        return constant

    def initializer_of(self, node: GraphNode, position: int, value: NDArray[Any]) -> str:
        """`value`, which was made of a constant input, under a name that tells from which node it comes."""
        return self.graph.constant(f"{node.name}/constant_{position}", value)


Converter = Callable[[Conversion, GraphNode], FeatureMaps]
"""Writes one TensorFlow node into the ONNX graph and tells which tensor it became."""


def require(node: GraphNode, attribute: str, *allowed: object) -> None:
    """Does nothing if an attribute has one of the allowed values.

    Raises:
        UnknownOperationError: it has another one.
    """
    value = node.attributes.get(attribute)
    if value not in allowed:
        raise UnknownOperationError(
            f"{node.operation} {node.name!r} has {attribute}={value!r}; only {allowed} is known here. "
            "Extend tfjs_to_onnx."
        )


def height_and_width(node: GraphNode, attribute: str) -> tuple[int, int]:
    """The middle two of an attribute such as strides=[1, 2, 2, 1].

    Raises:
        UnknownOperationError: the attribute is about the batch or the channels too.
    """
    values = node.attributes.get(attribute, [1, 1, 1, 1])
    if not isinstance(values, list) or len(values) != 4 or values[0] != 1 or values[3] != 1:
        raise UnknownOperationError(
            f"{node.operation} {node.name!r} has {attribute}={values!r}; it must be [1, height, width, 1]"
        )
    return int(values[1]), int(values[2])


def activate(conversion: Conversion, activation: str, maps: FeatureMaps, output: str) -> FeatureMaps:
    """Writes Relu, Relu6 or Sigmoid."""
    graph = conversion.graph
    if activation == "Relu6":
        limits = [graph.constant("relu6/minimum", 0.0), graph.constant("relu6/maximum", 6.0)]
        name = graph.node("Clip", [maps.name, *limits], output)
    else:
        name = graph.node(activation, [maps.name], output)
    return FeatureMaps(name, maps.channels, maps.height, maps.width)
