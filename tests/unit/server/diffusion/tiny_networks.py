"""Writes a diffusion model folder of tiny ONNX networks with fixed random weights; every input matters to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from diffusion_profiles import LATENT_CHANNELS, POISON, TEXT_LENGTH, profile
from onnx import NodeProto, TensorProto, helper, numpy_helper
from tiny_vocabulary import clip_tokenizer

FEATURES = 6
TEXT_WIDTH = 5
SCALE = 8
SCALING_FACTOR = np.float32(0.25)
FLOAT, BYTES, IDS = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64


class Graph:
    """A graph that is written operation by operation."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._nodes: list[NodeProto] = []
        self._constants: list[Any] = []

    def __call__(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, kind: type = np.float32) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def weights(self, *shape: int, spread: float = 1.0) -> str:
        """Random numbers whose size keeps sums over all but the first axis of the shape near `spread`."""
        fan_in = max(1, int(np.prod(shape[1:])))
        return self.constant(self._random.standard_normal(shape) * spread / np.sqrt(fan_in))

    def write(self, path: Path, inputs: dict[str, tuple[int, Sequence[Any]]], outputs: dict[str, int]) -> None:
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
            [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
            self._constants,
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def write_tiny_networks(folder: Path) -> None:
    """Writes every file of `diffusion_profiles.profile()`."""
    tokenizer = clip_tokenizer()
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "profile.json").write_text(profile().to_json())
    poisonous = tokenizer(POISON).input_ids[1]
    _text_encoder(folder / "text_encoder.onnx", len(tokenizer), poisonous)
    _vae_encoder(folder / "vae_encoder.onnx")
    _vae_decoder(folder / "vae_decoder.onnx")
    _unet(folder / "unet.onnx", LATENT_CHANNELS, with_residuals=True)
    _unet(folder / "unet_edit.onnx", 2 * LATENT_CHANNELS, with_residuals=False)
    _unet(folder / "unet_inpaint.onnx", 2 * LATENT_CHANNELS + 1, with_residuals=False)
    _control(folder / "control_edges.onnx", seed=21)
    _control(folder / "control_depth.onnx", seed=22)


def _text_encoder(path: Path, vocabulary: int, poisonous: int) -> None:
    graph = Graph(seed=1)
    table = np.random.default_rng(11).standard_normal((vocabulary, TEXT_WIDTH))
    table[poisonous] = np.nan
    tokens = graph("Gather", graph.constant(table), "input_ids")
    places = graph("Mul", tokens, graph.weights(TEXT_LENGTH, 1))
    graph("Add", tokens, graph("ReduceMean", places, axes=[1], keepdims=1), output="embedding")
    graph.write(path, {"input_ids": (IDS, ["n", TEXT_LENGTH])}, {"embedding": FLOAT})


def _vae_encoder(path: Path) -> None:
    graph = Graph(seed=2)
    latents = graph(
        "Conv",
        _channels_first(graph, "image"),
        graph.weights(LATENT_CHANNELS, 3, SCALE, SCALE, spread=4),
        strides=[8, 8],
    )
    graph("Mul", latents, graph.constant(SCALING_FACTOR), output="latents")
    graph.write(path, {"image": (BYTES, ["n", "h", "w", 3])}, {"latents": FLOAT})


def _vae_decoder(path: Path) -> None:
    graph = Graph(seed=3)
    latents = graph("Div", "latents", graph.constant(SCALING_FACTOR))
    picture = graph(
        "ConvTranspose", latents, graph.weights(LATENT_CHANNELS, 3, SCALE, SCALE, spread=1.5), strides=[8, 8]
    )
    levels = graph("Mul", graph("Add", graph("Softsign", picture), graph.constant(1)), graph.constant(127.5))
    clipped = graph("Clip", graph("Round", levels), graph.constant(0), graph.constant(255))
    graph("Cast", graph("Transpose", clipped, perm=[0, 2, 3, 1]), output="image", to=BYTES)
    graph.write(path, {"latents": (FLOAT, ["n", LATENT_CHANNELS, "h", "w"])}, {"image": BYTES})


def _unet(path: Path, channels: int, *, with_residuals: bool) -> None:
    graph = Graph(seed=40 + channels)
    inputs: dict[str, tuple[int, Sequence[Any]]] = _unet_inputs(channels)
    features = _features(graph, channels)
    if with_residuals:
        for residual in profile().residuals:
            inputs[residual.name] = (FLOAT, ["n", residual.channels, "p", "q"])
            enlarged = graph("Resize", residual.name, "", graph.constant([1, 1, residual.scale, residual.scale]))
            weights = graph.weights(FEATURES, residual.channels, 1, 1)
            features = graph("Add", features, graph("Conv", enlarged, weights))
    weights = graph.weights(LATENT_CHANNELS, FEATURES, 3, 3, spread=1.5)
    graph("Conv", graph("Tanh", features), weights, output="noise", pads=[1] * 4)
    graph.write(path, inputs, {"noise": FLOAT})


def _control(path: Path, seed: int) -> None:
    graph = Graph(seed)
    picture = _channels_first(graph, "control")
    hint = graph("Conv", picture, graph.weights(FEATURES, 3, SCALE, SCALE, spread=3), strides=[8, 8])
    features = graph("Tanh", graph("Add", _features(graph, LATENT_CHANNELS), hint))
    for residual in profile().residuals:
        pooled = graph("AveragePool", features, kernel_shape=[residual.scale] * 2, strides=[residual.scale] * 2)
        graph("Conv", pooled, graph.weights(residual.channels, FEATURES, 1, 1), output=residual.name)
    inputs = {**_unet_inputs(LATENT_CHANNELS), "control": (BYTES, ["n", "y", "x", 3])}
    graph.write(path, inputs, {residual.name: FLOAT for residual in profile().residuals})


def _unet_inputs(channels: int) -> dict[str, tuple[int, Sequence[Any]]]:
    return {
        "sample": (FLOAT, ["n", channels, "h", "w"]),
        "timestep": (FLOAT, ["n"]),
        "embedding": (FLOAT, ["n", TEXT_LENGTH, TEXT_WIDTH]),
    }


def _features(graph: Graph, channels: int) -> str:
    """The sample's surroundings, the timestep and the text, float32 [n, FEATURES, h, w]."""
    sample = graph("Conv", "sample", graph.weights(FEATURES, channels, 3, 3, spread=0.7), pads=[1] * 4)
    column = graph("Unsqueeze", "timestep", graph.constant([1, 2, 3], np.int64))
    time = graph("Sin", graph("Mul", column, graph.constant(np.linspace(0.003, 0.03, FEATURES)[:, None, None])))
    pooled = graph(
        "MatMul", graph("ReduceMean", "embedding", axes=[1], keepdims=0), graph.weights(TEXT_WIDTH, FEATURES)
    )
    text = graph("Unsqueeze", pooled, graph.constant([2, 3], np.int64))
    return graph("Add", graph("Add", sample, time), text)


def _channels_first(graph: Graph, picture: str) -> str:
    """UINT8 [n, height, width, 3] to float32 [n, 3, height, width], −1 to 1."""
    levels = graph("Cast", graph("Transpose", picture, perm=[0, 3, 1, 2]), to=FLOAT)
    return graph("Sub", graph("Div", levels, graph.constant(127.5)), graph.constant(1))
