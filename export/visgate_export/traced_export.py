"""Turns a PyTorch module into an ONNX model by tracing it with torch's older exporter; knows nothing about any network.

For what `torch_export` cannot do: the dynamo exporter fails on Swin with a batch that varies. A trace keeps
one way through the code, so every check at several batch sizes matters twice.
"""

import io
import logging
import warnings
from collections.abc import Mapping, Sequence

import onnx
import torch

from visgate_export.errors import ConversionError

OPSET = 17


def trace_module(
    module: torch.nn.Module,
    example: Mapping[str, torch.Tensor],
    dynamic_axes: Mapping[str, Mapping[int, str]],
    outputs: Sequence[str],
) -> onnx.ModelProto:
    """The module as ONNX of opset 17, weights inside.

    Args:
        module: takes the inputs by these names; in evaluation mode.
        example: an input of each name, at batch 2 or more.
        dynamic_axes: for each input the axes that vary, each a name.
        outputs: names of the outputs, in order.

    Raises:
        ConversionError: the module is in training mode, or torch cannot export it.
    """
    if module.training:
        raise ConversionError("the module is in training mode: call eval() on it before it is exported")
    stream = io.BytesIO()
    chatty = logging.getLogger("torch.onnx")
    level = chatty.level
    chatty.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a shape is taken for a constant, which is meant
            torch.onnx.export(
                module,
                args=(),
                kwargs=dict(example),
                f=stream,
                dynamo=False,
                opset_version=OPSET,
                input_names=list(example),
                output_names=list(outputs),
                dynamic_axes={name: dict(axes) for name, axes in dynamic_axes.items()},
            )
    except (torch.onnx.OnnxExporterError, torch.onnx.errors.UnsupportedOperatorError, RuntimeError) as error:
        raise ConversionError(f"torch cannot trace {type(module).__name__}: {error}") from error
    finally:
        chatty.setLevel(level)
    return onnx.load_from_string(stream.getvalue())
