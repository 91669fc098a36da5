"""Small operations on a finished ONNX graph (names, batch axis, opset); knows nothing about any one network."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper, version_converter

from visgate_export.errors import ConversionError

OPSET = 17
"""Opset of networks that come as ONNX; torch exports bring their own, newer one."""
IR_VERSION = 10

Dimension = int | str
"""A fixed size, or the name of a dynamic one."""


def load_without_shapes(data: bytes) -> onnx.ModelProto:
    """Reads ONNX bytes, raised to `OPSET`, and forgets every shape noted inside the graph.

    Noted shapes carry the batch size that the network was exported with.

    Raises:
        ConversionError: the bytes are not ONNX, or use an operation that cannot be raised to `OPSET`.
    """
    try:
        model = onnx.load_from_string(data)
        model = version_converter.convert_version(model, OPSET)
    except Exception as error:  # protobuf's and the converter's errors have no common base but this
        raise ConversionError(f"the network cannot be read as ONNX of opset {OPSET}: {error}") from error
    model.ir_version = IR_VERSION
    del model.graph.value_info[:]
    return model


def set_output(model: onnx.ModelProto, old_name: str, new_name: str, shape: Sequence[Dimension]) -> None:
    """Renames an output and states its shape; a value inside the graph that has the new name gets another.

    Raises:
        ConversionError: there is no such output.
    """
    output = next((value for value in model.graph.output if value.name == old_name), None)
    if output is None:
        names = ", ".join(value.name for value in model.graph.output)
        raise ConversionError(f"the network has no output {old_name!r}; it has {names}")
    element_type = output.type.tensor_type.elem_type
    output.CopyFrom(helper.make_tensor_value_info(new_name, element_type, list(shape)))
    if old_name != new_name:
        _rename_value(model.graph, new_name, f"{new_name}/inner")
        _rename_value(model.graph, old_name, new_name)


def replace_outputs(model: onnx.ModelProto, outputs: Mapping[str, Sequence[Dimension]]) -> None:
    """Makes the named float32 values of the graph its outputs, in order, in place of those it has."""
    del model.graph.output[:]
    for name, shape in outputs.items():
        info = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape))
        model.graph.output.append(info)


def append_node(
    model: onnx.ModelProto, operator: str, inputs: Sequence[str], output: str, **attributes: object
) -> None:
    """Adds a node behind all others; it may read any value of the graph."""
    model.graph.node.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))


def add_constant(model: onnx.ModelProto, name: str, value: NDArray[np.generic]) -> str:
    """Adds an initializer and gives its name back."""
    model.graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def free_batch_axis_of_reshapes(model: onnx.ModelProto) -> None:
    """Lets every Reshape to a constant shape that begins with batch size 1 take any batch size.

    Raises:
        ConversionError: such a shape has another dynamic axis already, so the batch axis cannot be one too.
    """
    constants = {initializer.name: initializer for initializer in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Reshape" or node.input[1] not in constants:
            continue
        initializer = constants[node.input[1]]
        shape = numpy_helper.to_array(initializer).copy()
        if shape[0] != 1:
            continue
        if (shape == -1).any():
            raise ConversionError(f"Reshape {node.name!r} to {shape.tolist()} leaves no axis for the batch")
        shape[0] = -1
        initializer.CopyFrom(numpy_helper.from_array(shape, initializer.name))


def _rename_value(graph: onnx.GraphProto, old_name: str, new_name: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old_name:
                    names[index] = new_name
