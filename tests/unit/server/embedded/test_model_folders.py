"""What can be loaded is read from the folders' own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from visgate_server.embedded.model_folders import ModelFolder, read_model_folders


def add_model(
    repository: Path, name: str, config: str = 'backend: "python"', version: str = "1", **parameters: object
) -> Path:
    folder = repository / name
    (folder / version).mkdir(parents=True)
    (folder / version / "model.py").touch()
    for key, value in parameters.items():
        text = json.dumps(json.dumps(value))
        config += f'\nparameters {{ key: "{key}" value {{ string_value: {text} }} }}'
    (folder / "config.pbtxt").write_text(config)
    return folder


def only(repository: Path) -> ModelFolder:
    (model,) = read_model_folders(repository)
    return model


def test_a_complete_model_is_read_whole(tmp_path: Path) -> None:
    folder = add_model(
        tmp_path,
        "edges",
        'backend: "python" instance_group [{ count: 2 kind: KIND_CPU }, { count: 1 kind: KIND_CPU }]',
        networks=["hed.onnx"],
        tools=[{"name": "detect_soft_edges"}, {"name": "detect_sketch"}],
        calls=["faces"],
    )
    (folder / "1" / "hed.onnx").write_bytes(b"weights")
    model = only(tmp_path)
    assert model == ModelFolder("edges", folder, 3, ("detect_soft_edges", "detect_sketch"), ("faces",))
    assert model.is_complete
    assert model.shortcoming == ""


def test_a_model_without_instance_groups_has_one_instance(tmp_path: Path) -> None:
    add_model(tmp_path, "echo")
    assert only(tmp_path).instances == 1


def test_missing_and_empty_networks_are_named(tmp_path: Path) -> None:
    folder = add_model(tmp_path, "text", networks=["detector.onnx", "recogniser.onnx", "orientation.onnx"])
    (folder / "1" / "detector.onnx").write_bytes(b"weights")
    (folder / "1" / "recogniser.onnx").touch()
    model = only(tmp_path)
    assert model.missing_networks == ("1/recogniser.onnx", "1/orientation.onnx")
    assert not model.is_complete
    assert "1/orientation.onnx" in model.shortcoming


def test_the_highest_version_is_the_one_that_counts(tmp_path: Path) -> None:
    folder = add_model(tmp_path, "edges", networks=["hed.onnx"])
    (folder / "1" / "hed.onnx").write_bytes(b"weights")
    for version in ("9", "10"):
        (folder / version).mkdir()
        (folder / version / "model.py").touch()
    assert only(tmp_path).missing_networks == ("10/hed.onnx",)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ("backend: ", "config.pbtxt"),
        ("no_such_field: 3", "no_such_field"),
        ('backend: "onnxruntime"', "onnxruntime"),
        ('platform: "tensorrt_plan"', "tensorrt_plan"),
        ('backend: "python" parameters { key: "networks" value { string_value: "hed.onnx" } }', "config.pbtxt"),
        ('backend: "python" parameters { key: "networks" value { string_value: "[1]" } }', "networks"),
        ('backend: "python" parameters { key: "tools" value { string_value: "{}" } }', "tools"),
    ],
)
def test_a_config_that_cannot_be_served_is_a_fault_of_its_model_alone(tmp_path: Path, config: str, fault: str) -> None:
    add_model(tmp_path, "broken", config)
    add_model(tmp_path, "echo")
    broken, echo = read_model_folders(tmp_path)
    assert fault in broken.fault
    assert not broken.is_complete
    assert echo.is_complete


def test_a_config_that_is_not_text_is_a_fault(tmp_path: Path) -> None:
    folder = add_model(tmp_path, "broken")
    (folder / "config.pbtxt").write_bytes(b"\xff\xfe\x00")
    assert "config.pbtxt" in only(tmp_path).fault


def test_missing_parts_of_a_folder_are_named(tmp_path: Path) -> None:
    (add_model(tmp_path, "a_no_code") / "1" / "model.py").unlink()
    (add_model(tmp_path, "b_no_config") / "config.pbtxt").unlink()
    folder = add_model(tmp_path, "c_no_version")
    (folder / "1").rename(folder / "first")
    faults = [model.fault for model in read_model_folders(tmp_path)]
    assert ["1/model.py" in faults[0], "config.pbtxt" in faults[1], "version folder" in faults[2]] == [True] * 3


def test_hidden_folders_and_files_are_not_models(tmp_path: Path) -> None:
    add_model(tmp_path, ".hidden")
    add_model(tmp_path, "__pycache__")
    (tmp_path / "README.md").touch()
    assert read_model_folders(tmp_path) == ()
    assert read_model_folders(tmp_path / "nowhere") == ()
