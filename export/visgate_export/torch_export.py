"""Turns a PyTorch module into an ONNX model through torch's dynamo exporter; knows nothing about any one network."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import onnx
import torch

from visgate_export.errors import ConversionError
from visgate_export.graph_surgery import set_output

OPSET = 20
_CHATTY_LOGGER = "torch.onnx._internal.exporter._registration"
"""Notes that torchvision's operators are not there; no network here uses them."""


Axes = Mapping[int, str | torch.export.Dim]
"""The axes of a tensor that vary: each a name, or a multiple of a named `Dim` where sizes hang together."""


def export_module(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    dynamic_axes: Mapping[str, Axes],
    outputs: Sequence[str],
    more: tuple[str, Mapping[str, torch.Tensor]] | None = None,
) -> onnx.ModelProto:
    """The module as ONNX of opset 20, weights inside.

    Args:
        module: takes the inputs by these names; in evaluation mode.
        example: an input of each name, at batch 2 or more: at 1 the exporter takes the axis for a fixed one.
        dynamic_axes: for each input the axes that vary.
        outputs: names of the outputs, in order.
        more: inputs whose number the module leaves open: the argument that takes them as a tuple, and an input of
            each name.

    Raises:
        ConversionError: the module is in training mode, or torch cannot export it.
    """
    return _program(module, example, dynamic_axes, outputs, more, optimize=True).model_proto


def export_named(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    dynamic_axes: Mapping[str, Axes],
    outputs: Sequence[str],
    more: tuple[str, Mapping[str, torch.Tensor]] | None = None,
) -> onnx.ModelProto:
    """As `export_module`, for output names that values inside the graph may have as well; their shapes are stated."""
    model = export_module(module, example, dynamic_axes, [passing_name(name) for name in outputs], more)
    return name_outputs(model, outputs)


def passing_name(output: str) -> str:
    """What an output is called until `name_outputs` names it.

    torch names values inside the graph after the module's own variables, and an output may not share such a name.
    """
    return f"{output}/output"


def name_outputs(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """Names a model's outputs, in order, and states their shapes as they were exported; changes and returns it."""
    for value, name in zip(list(model.graph.output), outputs, strict=True):
        shape = [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        set_output(model, value.name, name, shape)
    return model


class SharedTraces:
    """Exports modules that differ in their weights alone: tracing one takes ten times as long as all the rest."""

    def __init__(self) -> None:
        self._programs: dict[str, torch.onnx.ONNXProgram] = {}

    def export(
        self,
        architecture: str,
        module: torch.nn.Module,
        example: Mapping[str, torch.Tensor],
        dynamic_axes: Mapping[str, Axes],
        outputs: Sequence[str],
    ) -> onnx.ModelProto:
        """As `export_module`; a module of an `architecture` that was exported before is not traced again.

        Args:
            architecture: tells modules apart that compute different things; equal for no others.
            module: takes the inputs by these names; in evaluation mode.
            example: as for `export_module`.
            dynamic_axes: as for `export_module`.
            outputs: names of the outputs, in order.

        Raises:
            ConversionError: as for `export_module`, or the weights are not those of the architecture.
        """
        if architecture not in self._programs:
            self._programs[architecture] = _program(module, example, dynamic_axes, outputs, None, optimize=False)
        traced = self._programs[architecture]
        weights = module.state_dict()
        if traced.model.graph.initializers.keys() - weights.keys():
            raise ConversionError(f"the weights of {type(module).__name__} are not those that were traced")
        program = torch.onnx.ONNXProgram(traced.model.clone(), traced.exported_program)
        program.apply_weights(weights)
        program.optimize()  # only now: it folds weights into constants of other names
        return program.model_proto


def _program(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    dynamic_axes: Mapping[str, Axes],
    outputs: Sequence[str],
    more: tuple[str, Mapping[str, torch.Tensor]] | None,
    *,
    optimize: bool,
) -> torch.onnx.ONNXProgram:
    if module.training:
        raise ConversionError("the module is in training mode: call eval() on it before it is exported")
    argument, tail = more or ("", {})
    kwargs: dict[str, object] = dict(example)
    axes: dict[str, object] = {name: _dims(dynamic_axes.get(name, {})) for name in example}
    if more is not None:
        kwargs[argument] = tuple(tail.values())
        axes[argument] = tuple(_dims(dynamic_axes.get(name, {})) for name in tail)
    with _quiet():
        try:
            program = torch.onnx.export(
                module,
                args=(),
                kwargs=kwargs,
                dynamo=True,
                opset_version=OPSET,
                input_names=[*example, *tail],
                output_names=list(outputs),
                dynamic_shapes=axes,
                optimize=optimize,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            raise ConversionError(f"torch cannot export {type(module).__name__}: {error}") from error
    if program is None:
        raise ConversionError(f"torch gave no program for {type(module).__name__}")
    return program


def _dims(axes: Axes) -> dict[int, torch.export.Dim]:
    return {axis: torch.export.Dim(size) if isinstance(size, str) else size for axis, size in axes.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences notices about torch's own plans and extras, which say nothing about the module at hand."""
    logger = logging.getLogger(_CHATTY_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
