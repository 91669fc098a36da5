"""What tritonserver is given: links to complete models, loopback addresses, and no way to load another model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from visgate_server.embedded.model_folders import ModelFolder
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.serving_environment import python_version
from visgate_server.embedded.staging import command_line, lay_out, shared_memory_option
from visgate_server.embedded.state_directory import ServerState, StateDirectory
from visgate_server.embedded.triton_wheel import TritonWheel, find_triton_wheel
from visgate_server.profiles import Profile


@pytest.fixture
def wheel() -> TritonWheel:
    found = find_triton_wheel()
    assert found is not None
    return found


@pytest.fixture
def state(tmp_path: Path) -> ServerState:
    return ServerState(1, "region_visgate_abc_", tmp_path, Ports(11, 12, 13), tmp_path / "log", 0.0, ("echo",))


def test_the_backend_has_its_library_its_helper_and_this_pythons_stub(tmp_path: Path, wheel: TritonWheel) -> None:
    directory = StateDirectory(tmp_path / "state")
    lay_out(directory, wheel, ())
    backend = directory.backends / "python"
    assert {"libtriton_python.so", "triton_python_backend_utils.py", "triton_python_backend_stub"} <= {
        path.name for path in backend.iterdir()
    }
    assert (backend / "triton_python_backend_stub").resolve() == wheel.stub(python_version()).resolve()


def test_models_are_linked_anew_each_time(tmp_path: Path, wheel: TritonWheel) -> None:
    directory = StateDirectory(tmp_path / "state")
    models = [ModelFolder(name, tmp_path / "models" / name) for name in ("first", "second")]
    for model in models:
        model.path.mkdir(parents=True)
        (model.path / "config.pbtxt").touch()
    lay_out(directory, wheel, models)
    lay_out(directory, wheel, models[1:])
    assert [path.name for path in directory.repository.iterdir()] == ["second"]
    assert (directory.repository / "second" / "config.pbtxt").is_file()
    assert (models[0].path / "config.pbtxt").is_file()


def test_the_server_listens_on_loopback_only_and_loads_nothing_on_request(
    tmp_path: Path, wheel: TritonWheel, state: ServerState
) -> None:
    command = command_line(StateDirectory(tmp_path), wheel, state)
    assert command[0] == str(wheel.program)
    for service, port in (("grpc", 11), ("http", 12), ("metrics", 13)):
        assert f"--{service}-address=127.0.0.1" in command
        assert f"--{service}-port={port}" in command
    assert "--model-control-mode=none" in command
    assert "--exit-on-error=false" in command
    assert "--strict-readiness=true" in command
    assert f"--model-repository={tmp_path / 'repository'}" in command
    assert shared_memory_option("region_visgate_abc_") in command


def test_the_server_reads_the_full_profiles_configurations_only_where_that_is_served(
    tmp_path: Path, wheel: TritonWheel, state: ServerState
) -> None:
    def told(profile: Profile) -> list[str]:
        command = command_line(StateDirectory(tmp_path), wheel, replace(state, profile=profile))
        return [argument for argument in command if argument.startswith("--model-config-name")]

    assert told(Profile.FULL) == ["--model-config-name=full"]
    assert Profile.FULL.config_file == "configs/full.pbtxt", "where Triton looks for that name"
    assert told(Profile.POCKET) == []
