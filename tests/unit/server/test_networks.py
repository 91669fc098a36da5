"""A network opens and runs, or says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from visgate_server.errors import DeviceError, NetworkError
from visgate_server.networks import open_network


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["twice"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])],
        [helper.make_tensor_value_info("twice", TensorProto.FLOAT, ["rows", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"alphabet": "abc"})
    path = tmp_path / "doubling.onnx"
    onnx.save(model, path)
    return path


def test_outputs_come_by_name_and_metadata_with_them(doubling: Path) -> None:
    network = open_network(doubling)
    outputs = network.run({"x": np.array([[1, 2], [3, 4]], np.float32)})
    assert outputs["twice"].tolist() == [[2, 4], [6, 8]]
    assert network.metadata["alphabet"] == "abc"


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="make models"):
        open_network(tmp_path / "absent.onnx")


def test_a_damaged_file_is_not_opened(doubling: Path) -> None:
    doubling.write_bytes(doubling.read_bytes()[:40])
    with pytest.raises(NetworkError, match="cannot be opened"):
        open_network(doubling)


def test_a_gpu_that_is_not_there_fails_loudly(doubling: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has a CUDA build")
    with pytest.raises(DeviceError, match="cuda"):
        open_network(doubling, device="cuda")


def test_an_unknown_device_is_named(doubling: Path) -> None:
    with pytest.raises(DeviceError, match="'tpu'"):
        open_network(doubling, device="tpu")
