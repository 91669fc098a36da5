"""What a spec declares is what the protocol carries."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from google.protobuf import text_format
from sample_models import BRIGHTEN, Brighten
from sample_stream_model import COUNT_PIXELS, Counting
from tritonclient.grpc import model_config_pb2

from visgate_server import repository
from visgate_server.catalogue import MODELS
from visgate_server.errors import SpecError
from visgate_server.model_config import config_text
from visgate_server.models.diffusion import Diffusion
from visgate_server.profiles import Profile
from visgate_server.tool_spec import Argument, ArgumentKind, picture

ROOT = Path(__file__).parents[3]


def parsed(text: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def test_the_repository_in_git_is_what_the_specs_generate() -> None:
    assert repository.differences(ROOT / "model_repository") == [], "run `make configs`"


def test_a_changed_spec_is_noticed(tmp_path: Path) -> None:
    repository.write(tmp_path)
    assert repository.differences(tmp_path) == []
    config = tmp_path / "detect_edges" / "config.pbtxt"
    config.write_text(config.read_text().replace("max_batch_size: 8", "max_batch_size: 9"))
    assert repository.differences(tmp_path) == [config]


def test_a_models_words_in_the_full_profile_are_kept_beside_the_pockets(tmp_path: Path) -> None:
    repository.write(tmp_path)
    full = tmp_path / "diffusion" / "configs" / "full.pbtxt"
    in_full, in_pocket = (parsed(path.read_text()) for path in (full, tmp_path / "diffusion" / "config.pbtxt"))
    assert json.loads(in_full.parameters["tools"].string_value) == Diffusion.spec.wire_tools(Profile.FULL)
    assert json.loads(in_pocket.parameters["tools"].string_value) == Diffusion.spec.wire_tools(Profile.POCKET)
    # But for its words it is the same model.
    in_full.parameters["tools"].string_value = in_pocket.parameters["tools"].string_value
    assert in_full == in_pocket
    assert not (tmp_path / "detect_edges" / "configs").exists(), "it is the same in both"


def test_missing_changed_and_stale_words_of_the_full_profile_are_noticed(tmp_path: Path) -> None:
    repository.write(tmp_path)
    missing, changed = (tmp_path / name / "configs" / "full.pbtxt" for name in ("diffusion", "depth_estimation"))
    missing.unlink()
    changed.write_text(changed.read_text().replace("depth", "height"))
    stale = tmp_path / "detect_edges" / "configs" / "full.pbtxt"
    own = stale.with_name("mine.pbtxt")
    stale.parent.mkdir()
    for path in (stale, own):
        path.write_text("left by an earlier version")
    assert set(repository.differences(tmp_path)) == {missing, changed, stale}
    checked = CliRunner().invoke(repository.main, ["--check", str(tmp_path)])
    assert checked.exit_code == 1
    assert all(f"differs: {path}" in checked.output for path in (missing, changed, stale))
    assert stale.exists()

    written = CliRunner().invoke(repository.main, [str(tmp_path)])
    assert f"written: {missing}" in written.output
    assert f"removed: {stale}" in written.output
    assert repository.differences(tmp_path) == []
    assert (stale.exists(), own.exists()) == (False, True)


def test_the_config_batches_pictures_of_any_size_and_bounds_its_queue() -> None:
    config = parsed(config_text(Brighten.spec))
    inputs = {entry.name: entry for entry in config.input}
    assert inputs["IMAGE"].allow_ragged_batch
    assert inputs["IMAGE"].optional, "it may come as a file instead"
    assert inputs["IMAGE_FILE"].optional
    assert inputs["IMAGE_FILE"].data_type == model_config_pb2.TYPE_STRING
    assert inputs["AMOUNT"].optional
    assert list(inputs["IMAGE"].dims) == [-1, -1, 3]
    assert config.dynamic_batching.default_queue_policy.max_queue_size == 128
    assert config.dynamic_batching.default_queue_policy.allow_timeout_override
    assert config.dynamic_batching.max_queue_delay_microseconds == 0
    assert not config.response_cache.enable, "it would keep errors as empty answers"


def test_the_tools_in_the_config_bind_every_input() -> None:
    config = parsed(config_text(Brighten.spec))
    (tool,) = json.loads(config.parameters["tools"].string_value)
    only_for_files = {tool["inputs"][0]["file_tensor"], tool["picture_format_tensor"]}
    assert only_for_files == {"IMAGE_FILE", "PICTURE_FORMAT"}
    assert {entry["tensor"] for entry in tool["inputs"]} | only_for_files == {entry.name for entry in config.input}
    bound = {entry["tensor"]: entry["constant"] for entry in tool["inputs"] if "constant" in entry}
    assert bound == {"OPERATION": "add", "OUTPUTS": "all"}
    files = [entry["file_tensor"] for entry in tool["outputs"] if "file_tensor" in entry]
    assert [entry["tensor"] for entry in tool["outputs"]] + files == [entry.name for entry in config.output]
    assert [(entry.name, entry.data_type, list(entry.dims)) for entry in config.output][-1] == (
        "PICTURE_FILE",
        model_config_pb2.TYPE_STRING,
        [1],
    )
    assert tool["parameters"]["required"] == ["image"]
    assert tool["parameters"]["properties"]["amount"] == {
        "type": "integer",
        "description": "Grey levels to add.",
        "minimum": 0,
        "maximum": 255,
        "default": 10,
    }


def test_a_streaming_model_is_decoupled_and_batches_by_itself() -> None:
    config = parsed(config_text(Counting.spec))
    assert config.model_transaction_policy.decoupled
    assert not config.HasField("dynamic_batching")
    assert config.max_batch_size == 1
    inputs = {entry.name: entry for entry in config.input}
    assert {name for name, entry in inputs.items() if not entry.optional} == set(), "each is of no use to some tool"
    assert not inputs["IMAGE"].allow_ragged_batch
    outputs = {entry.name: (entry.data_type, list(entry.dims)) for entry in config.output}
    assert outputs["PROGRESS"] == (model_config_pb2.TYPE_INT32, [2])
    assert outputs["PREVIEW"] == (model_config_pb2.TYPE_UINT8, [-1, -1, 3])


def test_a_streaming_tool_says_how_to_ask_for_progress_and_leaves_other_tools_pictures_out() -> None:
    config = parsed(config_text(Counting.spec))
    up, pixels = json.loads(config.parameters["tools"].string_value)
    asked = {entry["tensor"]: entry for entry in up["inputs"]}
    assert asked["PREVIEW_EVERY"] == {
        "tensor": "PREVIEW_EVERY",
        "datatype": "INT32",
        "constant": 0,
        "stream_constant": 4,
    }
    assert "IMAGE" not in asked
    assert asked["NUMBER"]["argument"] == "number"
    assert asked["OPERATION"]["constant"] == "up"
    of_pixels = {entry["tensor"]: entry for entry in pixels["inputs"]}
    assert of_pixels["IMAGE"]["argument"] == "image"
    assert "NUMBER" not in of_pixels, "it has no default that could be sent"
    assert of_pixels["SECONDS"]["constant"] == 0.0
    assert [(entry["tensor"], entry["kind"]) for entry in up["outputs"]][-2:] == [
        ("PROGRESS", "progress"),
        ("PREVIEW", "preview"),
    ]
    (brighten,) = json.loads(parsed(config_text(Brighten.spec)).parameters["tools"].string_value)
    assert {entry["kind"] for entry in brighten["outputs"]} == {"picture", "text", "data", "times"}
    assert all("stream_constant" not in entry for entry in brighten["inputs"])


def test_a_tool_is_known_by_what_it_binds() -> None:
    assert Counting.spec.tool_of({"operation": "pixels", "number": None}) is COUNT_PIXELS
    assert Counting.spec.tool_of({"operation": "sideways"}) is None


def test_contradictions_are_refused() -> None:
    with pytest.raises(SpecError, match="batches by itself"):
        replace(Counting.spec, max_batch_size=2)
    with pytest.raises(SpecError, match="batches by itself"):
        replace(Counting.spec, instances=2)
    with pytest.raises(SpecError, match="picture has no default"):
        replace(picture(), default="x")
    with pytest.raises(SpecError, match="none of the choices"):
        Argument("mood", ArgumentKind.TEXT, "How.", default="sad", choices=("glad",))
    with pytest.raises(SpecError, match="differ in"):
        replace(Brighten.spec, tools=(replace(BRIGHTEN, constants={}),))
    clash = replace(BRIGHTEN, name="other", arguments=(Argument("amount", ArgumentKind.TEXT, "How much."),))
    with pytest.raises(SpecError, match="two kinds"):
        _ = replace(Brighten.spec, tools=(BRIGHTEN, clash)).arguments


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.spec.name)
def test_every_served_tool_is_described_for_people_and_llms(model: type) -> None:
    for tool in model.spec.tools:
        assert len(tool.description) > 40
        assert len(tool.examples) >= 5
        assert all(argument.description for argument in tool.arguments)


def test_tool_names_are_unique() -> None:
    names = [tool.name for model in MODELS for tool in model.spec.tools]
    assert len(names) == len(set(names))
