"""HED as ONNX against HED in PyTorch on made-up weights: the layout is under test, not the training."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from visgate_export.foreign.keras_h5_reader import KerasWeights
from visgate_export.networks.hed import BLOCK_CONVOLUTIONS, block_convolutions, build_hed
from visgate_export.networks.hed_in_torch import hed_edges

CHANNELS = (4, 5, 6, 7, 8)


def made_up_weights() -> KerasWeights:
    random = np.random.default_rng(1)

    def convolution(side: int, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
        kernel = random.normal(size=(side, side, inputs, outputs)) / np.sqrt(side * side * inputs / 2)
        return kernel.astype(np.float32), random.normal(size=outputs).astype(np.float32)

    layers, inputs = {}, 3
    for block, outputs in enumerate(CHANNELS, start=1):
        for layer in block_convolutions(block):
            layers[layer] = convolution(3, inputs, outputs)
            inputs = outputs
        kernel, bias = convolution(1, outputs, 1)
        layers[f"dsn{block}"] = kernel / 50, bias  # pictures reach 255: keep the sigmoid away from its ends
    layers["fuse"] = convolution(1, 5, 1)
    return KerasWeights(layers, "made up")


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    model = build_hed(made_up_weights())
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("count", "height", "width"), [(1, 64, 48), (3, 37, 51), (2, 1, 1), (1, 17, 130)])
def test_edges_equal_pytorchs_at_any_size(
    session: onnxruntime.InferenceSession, count: int, height: int, width: int
) -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    (edges,) = session.run(["edges"], {"image": pictures})
    assert edges.shape == (count, height, width)
    np.testing.assert_allclose(edges, hed_edges(pictures, made_up_weights()), atol=1e-5)
    if height > 1:
        assert edges.std() > 0.01  # not a flat picture that anything would equal


def test_names_are_those_of_vgg16s_blocks() -> None:
    assert sum(BLOCK_CONVOLUTIONS) == 13
    assert block_convolutions(3) == [f"block3/layers/conv2d{suffix}" for suffix in ("", "_1", "_2")]
