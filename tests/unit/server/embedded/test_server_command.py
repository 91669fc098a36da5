"""The command `visgate-server` where no server needs to run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from visgate_server.cli import main
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.state_directory import ServerState, StateDirectory
from visgate_server.profiles import Profile


def command(*arguments: str) -> Result:
    return CliRunner(env={"VISGATE_STATE": None}).invoke(main, list(arguments), catch_exceptions=False)


def test_status_of_no_server(tmp_path: Path) -> None:
    result = command("status", "--repository", str(tmp_path / "models"))
    assert result.exit_code == 3
    assert "stopped" in result.stdout
    document = json.loads(command("status", "--json", "--state", str(tmp_path)).stdout)
    assert document["condition"] == "stopped"
    assert list(tmp_path.iterdir()) == []


def test_stop_with_nothing_to_stop_is_no_error(tmp_path: Path) -> None:
    result = command("stop", "--repository", str(tmp_path / "models"))
    assert result.exit_code == 0
    assert "nothing to stop" in result.stderr


def test_status_and_stop_of_a_server_whose_process_is_gone(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "state")
    # Process 1 is alive and no server: a process id alone must not be taken for one.
    directory.write(ServerState(1, "region_nobody_", tmp_path, Ports(1, 2, 3), tmp_path / "log", 0.0, ("echo",)))
    result = command("status", "--state", str(directory.path))
    assert result.exit_code == 3
    assert "killed" in result.stdout
    assert json.loads(command("status", "--json", "--state", str(directory.path)).stdout)["condition"] == "stale"

    assert command("stop", "--state", str(directory.path)).exit_code == 0
    assert "stopped" in command("status", "--state", str(directory.path)).stdout


@pytest.mark.parametrize("profile", Profile)
def test_status_tells_the_profile(tmp_path: Path, profile: Profile) -> None:
    ports, log = Ports(1, 2, 3), tmp_path / "log"
    StateDirectory(tmp_path).write(
        ServerState(1, "region_nobody_", tmp_path, ports, log, 0.0, profile=profile, models=())
    )
    assert f"({profile.value} profile)" in command("status", "--state", str(tmp_path)).stdout
    shown = json.loads(command("status", "--json", "--state", str(tmp_path)).stdout)
    assert shown["profile"] == profile.value


def test_a_profile_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    result = command("start", "--repository", str(tmp_path), "--state", str(tmp_path / "state"), "--profile", "grand")
    assert result.exit_code == 2
    assert "pocket" in result.stderr


def test_a_damaged_state_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{}")
    for name in ("status", "stop"):
        result = command(name, "--state", str(tmp_path))
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert "server.json" in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_doctor_fails_on_a_problem_and_names_it(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ports = ("--grpc-port", "0", "--http-port", "0", "--metrics-port", "0")
    result = command("doctor", "--repository", str(tmp_path / "nowhere"), *ports, *arguments)
    assert result.exit_code == 1
    assert "nowhere" in result.stdout
    if arguments:
        levels = {finding["check"]: finding["level"] for finding in json.loads(result.stdout)}
        assert levels["model repository"] == "problem"
        assert levels["numpy"] == "ok"


def test_start_refuses_before_anything_is_started(tmp_path: Path) -> None:
    ports = ("--grpc-port", "0", "--http-port", "0", "--metrics-port", "0")
    result = command("start", "--repository", str(tmp_path / "nowhere"), "--state", str(tmp_path / "state"), *ports)
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert "--repository" in result.stderr
    assert not (tmp_path / "state" / "server.log").exists()
