"""Collects nodes and constants of one ONNX graph under readable names; decides nothing about what they compute."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from visgate_export.errors import ConversionError

OPSET = 17
# ONNX Runtime since 1.12 and TensorRT since 8.5 read files of this version; newer ones give these graphs nothing.
IR_VERSION = 8

Dimension = int | str
"""A fixed size, or the name of a dynamic one."""


class OnnxGraph:
    """One graph under construction. Equal calls in equal order give equal bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, NDArray[Any]] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._tensor_names: set[str] = set()

    def add_input(self, name: str, shape: Sequence[Dimension], element_type: int = TensorProto.FLOAT) -> str:
        """Declares an input of the graph; `element_type` is one of onnx.TensorProto's. Returns its name."""
        self._inputs.append(helper.make_tensor_value_info(name, element_type, list(shape)))
        return self._claim(name)

    def add_output(self, name: str, shape: Sequence[Dimension], element_type: int = TensorProto.FLOAT) -> None:
        """Declares a tensor that a node computes as an output of the graph."""
        self._outputs.append(helper.make_tensor_value_info(name, element_type, list(shape)))

    def constant(self, name: str, value: NDArray[Any] | float | int) -> str:
        """A constant tensor: Python floats become float32, Python integers int64. Returns its name.

        Raises:
            ConversionError: the name is taken by another value.
        """
        if isinstance(value, float):
            array: NDArray[Any] = np.array(value, dtype=np.float32)
        elif isinstance(value, int):
            array = np.array(value, dtype=np.int64)
        else:
            array = np.ascontiguousarray(value).reshape(value.shape)  # ascontiguousarray makes scalars rank 1
        known = self._initializers.get(name)
        if known is not None and known.dtype == array.dtype and np.array_equal(known, array):
            return name
        self._initializers[self._claim(name)] = array
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Adds a node with one output, which gives the node its name. Returns that name.

        Raises:
            ConversionError: the output's name is taken.
        """
        self._nodes.append(helper.make_node(operator, list(inputs), [self._claim(output)], output, **attributes))
        return output

    def node_with_outputs(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: object
    ) -> tuple[str, ...]:
        """Adds a node with several outputs and the name of the first. Returns their names.

        Raises:
            ConversionError: a name is taken.
        """
        names = tuple(self._claim(output) for output in outputs)
        self._nodes.append(helper.make_node(operator, list(inputs), list(names), names[0], **attributes))
        return names

    def to_model(self) -> onnx.ModelProto:
        """The finished model, checked and with its shapes inferred in strict mode.

        Raises:
            ConversionError: onnx finds the graph invalid.
        """
        initializers = [numpy_helper.from_array(array, name) for name, array in self._initializers.items()]
        graph = helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="visgate-export"
        )
        try:
            onnx.checker.check_model(model)
            # Inference compares the declared shapes with the computed ones; its result is not kept.
            onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise ConversionError(
                f"the graph written for {self._name} is not valid ONNX: mend the converter that wrote it. {error}"
            ) from error
        return model

    def _claim(self, name: str) -> str:
        if name in self._tensor_names:
            raise ConversionError(f"two tensors of {self._name} are called {name!r}: give one of them another name")
        self._tensor_names.add(name)
        return name
