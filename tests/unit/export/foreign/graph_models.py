"""Tiny TensorFlow graphs for tests: as data for the converters, as files for the reader."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from visgate_export.foreign.onnx_graph import OnnxGraph
from visgate_export.foreign.tfjs_conversion import FeatureMaps
from visgate_export.foreign.tfjs_reader import GraphModel, GraphNode
from visgate_export.foreign.tfjs_to_onnx import convert_feature_maps

WINDOW = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "padding": "SAME", "data_format": "NHWC"}


def graph_model(nodes: Sequence[GraphNode], constants: Mapping[str, Any]) -> GraphModel:
    return GraphModel(
        {node.name: node for node in nodes}, {name: np.asarray(value) for name, value in constants.items()}
    )


def run_node(
    operation: str,
    inputs: Sequence[str],
    attributes: Mapping[str, Any],
    constants: Mapping[str, Any],
    maps: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Converts a graph of one node and runs it: `maps` and the result are [N,H,W,C], as TensorFlow has them."""
    node = GraphNode("result", operation, tuple(inputs), attributes)
    graph = OnnxGraph("test")
    given = {}
    for name, value in maps.items():
        _, height, width, channels = value.shape
        given[name] = FeatureMaps(graph.add_input(name, ["N", channels, height, width]), channels, height, width)
    (result,) = convert_feature_maps(graph_model([node], constants), graph, given, ["result"])
    graph.add_output(result.name, ["N", result.channels, result.height, result.width])
    session = onnxruntime.InferenceSession(graph.to_model().SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {name: np.ascontiguousarray(value.transpose(0, 3, 1, 2)) for name, value in maps.items()}
    (output,) = session.run(None, feeds)
    return np.asarray(output).transpose(0, 2, 3, 1)


def write_graph_model(folder: Path, **changes: Any) -> tuple[Path, Path]:
    """A model of two nodes and three constants; `changes` replace entries of the document's top level."""
    half = np.array([[1.5, -0.25], [3.0, 0.1]], dtype=np.float16)
    whole = np.array([7, -8], dtype=np.int32)
    single = np.array(0.1, dtype=np.float32)
    shard = folder / "tiny.bin"
    shard.write_bytes(half.tobytes() + whole.tobytes() + single.tobytes())
    document = {
        "format": "graph-model",
        "modelTopology": {
            "node": [
                {"name": "picture", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}}},
                {"name": "half", "op": "Const", "attr": {"value": {"tensor": {}}}},
                {"name": "whole", "op": "Const"},
                {"name": "single", "op": "Const"},
                {
                    "name": "convolved",
                    "op": "Conv2D",
                    "input": ["picture:0", "half", "^picture"],
                    "attr": {
                        "strides": {"list": {"i": ["1", "2", "2", "1"]}},
                        "padding": {"s": base64.b64encode(b"SAME").decode()},
                        "epsilon": {"f": 0.5},
                        "use_cudnn_on_gpu": {"b": True},
                        "num_args": {"i": "3"},
                        "fused_ops": {"list": {"s": [base64.b64encode(b"Relu").decode()]}},
                        "shape": {"shape": {}},
                    },
                },
            ]
        },
        "weightsManifest": [
            {
                "paths": ["tiny.bin"],
                "weights": [
                    {"name": "half", "shape": [2, 2], "dtype": "float32", "quantization": {"dtype": "float16"}},
                    {"name": "whole", "shape": [2], "dtype": "int32"},
                    {"name": "single", "shape": [], "dtype": "float32"},
                ],
            }
        ],
        **changes,
    }
    topology = folder / "tiny.json"
    topology.write_text(json.dumps(document))
    return topology, shard
