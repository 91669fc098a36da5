from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from visgate_export.errors import WeightFormatError
from visgate_export.foreign.tfjs_reader import read_graph_model

from .graph_models import write_graph_model


def test_weights_are_read_in_order_and_widened(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path)
    constants = read_graph_model(topology, [shard]).constants
    assert constants["half"].dtype == np.float32
    np.testing.assert_array_equal(constants["half"], np.float32(np.float16([[1.5, -0.25], [3.0, 0.1]])))
    np.testing.assert_array_equal(constants["whole"], [7, -8])
    assert constants["single"].shape == ()
    assert constants["single"] == np.float32(0.1)


def test_nodes_are_read_without_the_constants(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path)
    nodes = read_graph_model(topology, [shard]).nodes
    assert list(nodes) == ["picture", "convolved"]
    node = nodes["convolved"]
    assert node.operation == "Conv2D"
    assert node.inputs == ("picture", "half")  # neither :0 nor an order of execution
    assert node.attributes == {
        "strides": [1, 2, 2, 1],
        "padding": "SAME",
        "epsilon": 0.5,
        "use_cudnn_on_gpu": True,
        "num_args": 3,
        "fused_ops": ["Relu"],
        "shape": None,
    }


def test_weights_split_over_shards_are_joined(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path)
    whole = read_graph_model(topology, [shard]).constants
    content = shard.read_bytes()
    parts = [tmp_path / "one.bin", tmp_path / "two.bin"]
    parts[0].write_bytes(content[:5])  # a border inside a tensor
    parts[1].write_bytes(content[5:])
    document = json.loads(topology.read_text())
    document["weightsManifest"][0]["paths"] = ["one.bin", "two.bin"]
    topology.write_text(json.dumps(document))
    for name, value in read_graph_model(topology, parts).constants.items():
        np.testing.assert_array_equal(value, whole[name])
    with pytest.raises(WeightFormatError, match="in this order"):
        read_graph_model(topology, parts[::-1])


@pytest.mark.parametrize(("cut", "named"), [(1, "'single'"), (10, "'whole'"), (19, "'half'")])
def test_a_cut_off_shard_names_the_tensor_that_lacks_bytes(tmp_path: Path, cut: int, named: str) -> None:
    topology, shard = write_graph_model(tmp_path)
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(WeightFormatError, match=f"end in the middle of {named}"):
        read_graph_model(topology, [shard])


def test_bytes_left_over_are_an_error(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path)
    shard.write_bytes(shard.read_bytes() + b"\0")
    with pytest.raises(WeightFormatError, match="hold 21 bytes, its manifest describes 20"):
        read_graph_model(topology, [shard])


def test_cut_off_json_is_an_error(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path)
    topology.write_text(topology.read_text()[:-30])
    with pytest.raises(WeightFormatError, match="is not JSON"):
        read_graph_model(topology, [shard])


def test_a_layers_model_is_refused(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path, format="layers-model")
    with pytest.raises(WeightFormatError, match="graph-model"):
        read_graph_model(topology, [shard])


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    topology, shard = write_graph_model(tmp_path, modelTopology={})
    with pytest.raises(WeightFormatError, match="'node' is missing"):
        read_graph_model(topology, [shard])


def test_an_unknown_quantisation_is_refused(tmp_path: Path) -> None:
    weights = [{"name": "half", "shape": [4], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.1}}]
    topology, shard = write_graph_model(tmp_path, weightsManifest=[{"paths": ["tiny.bin"], "weights": weights}])
    with pytest.raises(WeightFormatError, match=r"'half'.*uint8"):
        read_graph_model(topology, [shard])


def test_a_constant_without_weights_is_named(tmp_path: Path) -> None:
    weights = [{"name": "half", "shape": [10], "dtype": "float32", "quantization": {"dtype": "float16"}}]
    topology, shard = write_graph_model(tmp_path, weightsManifest=[{"paths": ["tiny.bin"], "weights": weights}])
    with pytest.raises(WeightFormatError, match="no weights for the constant 'single'"):
        read_graph_model(topology, [shard])
