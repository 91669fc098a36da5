"""Evaluates HED in PyTorch, as the reference that the ONNX graph is compared with; shares only its weights' names."""

from collections.abc import Mapping

import torch
from torch.nn import functional

from visgate_export.foreign.keras_h5_reader import KerasWeights
from visgate_export.networks.hed import BGR_MEAN, BLOCK_CONVOLUTIONS, block_convolutions
from visgate_export.parity import Array


def hed_edges(image: Array, weights: KerasWeights) -> Array:
    """The fused edges [N,H,W], 0-1, of pictures UINT8 [N,H,W,3] RGB, with every side output as the paper has it."""
    tensors = {
        layer: tuple(torch.from_numpy(variable.copy()) for variable in weights.convolution(layer))
        for layer in weights.layers
    }
    with torch.inference_mode():
        edges: Array = _edges(torch.from_numpy(image), tensors).numpy()
    return edges


def _edges(image: torch.Tensor, weights: Mapping[str, tuple[torch.Tensor, ...]]) -> torch.Tensor:
    def convolve(maps: torch.Tensor, layer: str) -> torch.Tensor:
        kernel, bias = weights[layer]
        return functional.conv2d(maps, kernel.permute(3, 2, 0, 1), bias, padding="same")

    maps = (image.flip(-1).double() - torch.tensor(BGR_MEAN, dtype=torch.float64)).permute(0, 3, 1, 2).float()
    sides = []
    for block in range(1, len(BLOCK_CONVOLUTIONS) + 1):
        if block > 1:
            maps = functional.max_pool2d(maps, 2, 2, ceil_mode=True)
        for layer in block_convolutions(block):
            maps = functional.relu(convolve(maps, layer))
        sides.append(
            functional.interpolate(
                convolve(maps, f"dsn{block}"), size=image.shape[1:3], mode="bilinear", align_corners=False
            )
        )
    return torch.sigmoid(convolve(torch.cat(sides, dim=1), "fuse"))[:, 0]
