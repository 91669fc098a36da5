"""Exports modules that make one tensor of a picture, its preparation inside the graph; knows none by name."""

import onnx
import torch

from visgate_export.checkpoints import PictureRules
from visgate_export.preprocessing import Layout, PictureInput, mean_and_std, with_picture_input
from visgate_export.torch_export import export_named

_EXAMPLE_ROWS = 2


def picture_graph(module: torch.nn.Module, rules: PictureRules, output: str) -> onnx.ModelProto:
    """`image` uint8 [N,height,width,3] → the output, whose batch axis alone is free.

    Args:
        module: takes `pixel_values` float32 [N,3,height,width] as `rules` want them; in evaluation mode.
        rules: how the network wants its pictures.
        output: what its tensor is called.

    Raises:
        ConversionError: torch cannot export the module.
    """
    example = {"pixel_values": torch.zeros(_EXAMPLE_ROWS, 3, rules.height, rules.width)}
    model = export_named(module, example, {"pixel_values": {0: "N"}}, [output])
    scale, offset = mean_and_std(rules.mean, rules.std)
    return with_picture_input(model, PictureInput(rules.height, rules.width, Layout.NCHW, scale=scale, offset=offset))
