"""The state of a server survives the process that started it, and nothing half-written is ever believed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from visgate_server.embedded.errors import ServerAlreadyRunningError, StateFileError
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.state_directory import ServerState, StateDirectory, default_state_directory
from visgate_server.profiles import Profile


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "state")


@pytest.fixture
def state(tmp_path: Path) -> ServerState:
    return ServerState(
        pid=4711,
        region_prefix="region_visgate_abc_",
        repository=tmp_path / "models",
        ports=Ports(1, 2, 3),
        log=tmp_path / "log",
        started=1234.5,
        models=("echo", "edges"),
        withheld=(("faces", "missing 1/faces.onnx"),),
        profile=Profile.FULL,
    )


def test_a_state_is_read_as_it_was_written(directory: StateDirectory, state: ServerState) -> None:
    assert directory.read() is None
    directory.write(state)
    assert directory.read() == state
    directory.write(replace(state, pid=8))
    assert directory.read() == replace(state, pid=8)
    assert [path.name for path in directory.path.iterdir()] == ["server.json"]


def test_a_server_that_was_started_before_there_were_profiles_has_the_pockets(
    directory: StateDirectory, state: ServerState
) -> None:
    directory.write(state)
    document = json.loads(directory.state_file.read_text())
    del document["profile"]
    directory.state_file.write_text(json.dumps(document))
    assert directory.read() == replace(state, profile=Profile.POCKET)


def test_clearing_leaves_the_log_and_what_links_pointed_to(
    directory: StateDirectory, state: ServerState, tmp_path: Path
) -> None:
    weights = tmp_path / "models" / "echo" / "weights"
    weights.parent.mkdir(parents=True)
    weights.write_text("precious")
    directory.write(state)
    directory.log.write_text("a log")
    directory.repository.mkdir()
    (directory.repository / "echo").symlink_to(weights.parent)
    directory.clear()
    assert directory.read() is None
    assert [path.name for path in directory.path.iterdir()] == ["server.log"]
    assert weights.read_text() == "precious"


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"pid": None},
        {"models": None},
        {"withheld": ["faces"]},
        {"ports": {"grpc": 1, "http": 2, "metrics": 3, "ssh": 4}},
        # Processes are ended by this prefix: an empty one would mean everybody's.
        {"region_prefix": ""},
        {"profile": "grand"},
    ],
)
def test_a_damaged_state_is_refused_with_what_to_do(
    directory: StateDirectory, state: ServerState, change: dict[str, object]
) -> None:
    directory.write(state)
    document = json.loads(directory.state_file.read_text())
    directory.state_file.write_text(json.dumps(document | change))
    with pytest.raises(StateFileError, match="delete"):
        directory.read()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7"])
def test_a_state_file_of_another_kind_is_refused(directory: StateDirectory, text: str) -> None:
    directory.path.mkdir()
    directory.state_file.write_text(text)
    with pytest.raises(StateFileError):
        directory.read()


def test_two_starts_are_kept_apart(directory: StateDirectory) -> None:
    with directory.lock(), pytest.raises(ServerAlreadyRunningError), StateDirectory(directory.path).lock():
        pytest.fail("the lock was given twice")
    with directory.lock():
        pass


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFileError, match="--state"), StateDirectory(tmp_path / "file" / "state").lock():
        pytest.fail("there is no such directory")


def test_the_directory_is_beside_the_repository_unless_the_environment_names_one(tmp_path: Path) -> None:
    assert default_state_directory(tmp_path / "models", {}) == tmp_path / ".visgate"
    assert default_state_directory(tmp_path / "models", {"VISGATE_STATE": "/elsewhere"}) == Path("/elsewhere")


def test_messages_show_the_models_own_folders(directory: StateDirectory, state: ServerState) -> None:
    message = f"error at {directory.repository}/echo/1/model.py:3"
    assert directory.with_real_paths(message, state) == f"error at {state.repository}/echo/1/model.py:3"
