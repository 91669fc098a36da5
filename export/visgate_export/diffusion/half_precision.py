"""Rewrites a float32 network so that it computes in float16; its inputs and outputs stay as they are."""

from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

_WAVES = frozenset({"Sin", "Cos"})


def to_half_precision(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network with float16 weights and arithmetic, apart from the waves that a timestep is turned into.

    A timestep times a frequency runs up to 1000, where float16 has steps of a half: its sine would be another
    timestep's. So everything from the input to sine and cosine is left out of the conversion.

    Args:
        model: any size in memory; it is changed.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    waves = _Waves.taken_from(model.graph)
    # Shape inference would write the model to one buffer, which ends at 2 GB.
    converted: onnx.ModelProto = convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)
    waves.put_into(converted.graph)
    return converted


@dataclass(frozen=True)
class _Waves:
    """Sine and cosine nodes, and copies of all that they are computed from."""

    nodes: list[onnx.NodeProto]
    constants: list[onnx.TensorProto]
    outputs: list[str]

    @classmethod
    def taken_from(cls, graph: onnx.GraphProto) -> "_Waves":
        """Takes them out of the graph, which then has their outputs as inputs."""
        ends = [node for node in graph.node if node.op_type in _WAVES]
        ancestors = _ancestors(graph, ends)
        read = {name for node in ancestors for name in node.input}
        waves = cls(
            [_renamed(node, graph) for node in ancestors],
            [_copy(constant) for constant in graph.initializer if constant.name in read],
            [output for node in ends for output in node.output],
        )
        for end in ends:
            graph.node.remove(end)
        _drop_unread_nodes(graph)
        graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in waves.outputs)
        return waves

    def put_into(self, graph: onnx.GraphProto) -> None:
        """Puts them back where the graph has their outputs as inputs."""
        kept = [value for value in graph.input if value.name not in self.outputs]
        del graph.input[:]
        graph.input.extend(kept)
        graph.initializer.extend(self.constants)
        _set_nodes(graph, [*self.nodes, *graph.node])
        _put_nodes_in_order(graph)  # the converter has put its casts of inputs behind the nodes that read them
        _drop_unread_nodes(graph)


def _copy(constant: onnx.TensorProto) -> onnx.TensorProto:
    copy = onnx.TensorProto()
    copy.CopyFrom(constant)
    copy.name = _in_waves(constant.name)
    return copy


def _renamed(node: onnx.NodeProto, graph: onnx.GraphProto) -> onnx.NodeProto:
    """A copy under other names, but for the graph's inputs and the waves: the graph may need the original too."""
    fixed = {value.name for value in graph.input}
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.name = _in_waves(node.name)
    copy.input[:] = [name if name in fixed or not name else _in_waves(name) for name in node.input]
    if node.op_type not in _WAVES:
        copy.output[:] = [_in_waves(name) for name in node.output]
    return copy


def _in_waves(name: str) -> str:
    return f"waves/{name}"


def _ancestors(graph: onnx.GraphProto, ends: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """`ends` and every node that they depend on, in the graph's order."""
    wanted = {output for node in ends for output in node.output}
    found = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            found.append(node)
    return found[::-1]


def _drop_unread_nodes(graph: onnx.GraphProto) -> None:
    """Removes nodes that nothing reads, of a graph whose nodes are in order."""
    wanted = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    _set_nodes(graph, kept[::-1])


def _put_nodes_in_order(graph: onnx.GraphProto) -> None:
    """Moves every node behind those that it reads, and otherwise leaves them where they are."""
    makers = {output: node for node in graph.node for output in node.output}
    ordered, placed = [], set()
    for node in graph.node:
        waiting = [node]
        while waiting:
            last = waiting[-1]
            missing = [makers[name] for name in last.input if name in makers and makers[name].output[0] not in placed]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if last.output[0] not in placed:
                placed.add(last.output[0])
                ordered.append(last)
    _set_nodes(graph, ordered)


def _set_nodes(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    del graph.node[:]
    graph.node.extend(nodes)
