"""A real Triton is started, watched, killed and stopped; every test leaves no process and no shared memory behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import tritonclient.grpc as triton
from sample_models import BRIGHTEN, Brighten

from visgate_client import VisionClient
from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.embedded.errors import (
    EnvironmentProblemsError,
    ModelsFailedError,
    ServerAlreadyRunningError,
    ServerStartError,
)
from visgate_server.embedded.processes import server_processes
from visgate_server.embedded.running_server import Condition, server_status
from visgate_server.embedded.server_log import ModelEvent, Stage
from visgate_server.embedded.shared_memory import REGION_PREFIX, SHARED_MEMORY, regions
from visgate_server.embedded.state_directory import StateDirectory
from visgate_server.model_config import config_text
from visgate_server.profiles import Profile

COMMAND = Path(sys.executable).with_name("visgate-server")

CONFIG = """
backend: "python"
max_batch_size: 8
input {{ name: "IN" data_type: TYPE_UINT8 dims: -1 }}
output {{ name: "OUT" data_type: TYPE_UINT8 dims: -1 }}
instance_group {{ count: 1 kind: KIND_CPU }}
parameters {{ key: "networks" value {{ string_value: "{networks}" }} }}
parameters {{ key: "tools" value {{ string_value: "[{{\\"name\\": \\"use_{name}\\"}}]" }} }}
"""

ECHO = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        inputs = [pb_utils.get_input_tensor_by_name(request, "IN").as_numpy() for request in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", value)]) for value in inputs]
"""

BROKEN = """
class TritonPythonModel:
    def initialize(self, args):
        self.read_network()

    def read_network(self):
        raise ValueError("the network is not what it was")

    def execute(self, requests):
        return []
"""

CRASHING = "import os; os._exit(3)"

HANGING = """
import time

class TritonPythonModel:
    def initialize(self, args):
        time.sleep(600)

    def execute(self, requests):
        return []
"""


def add_model(repository: Path, name: str, code: str, networks: str = "[]") -> None:
    folder = repository / name / "1"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text(code)
    (folder.parent / "config.pbtxt").write_text(CONFIG.format(name=name, networks=networks.replace('"', '\\"')))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    add_model(tmp_path / "models", "echo", ECHO)
    return tmp_path / "models"


@pytest.fixture
def embedded(repository: Path) -> Iterator[EmbeddedServer]:
    """A server on free ports, stopped in the end if a test failed to."""
    server = EmbeddedServer(
        repository, grpc_port=0, http_port=0, metrics_port=0, state_directory=repository.parent / "s"
    )
    yield server
    leftover = server.directory.read()
    if leftover is not None:
        subprocess.run([COMMAND, "stop", "--state", server.directory.path], check=True, timeout=120)


def echoed(server: RunningServer, values: list[int]) -> list[int]:
    """What the echo model answers, through a client that knows nothing but the protocol."""
    with triton.InferenceServerClient(server.address) as client:
        sent = triton.InferInput("IN", [1, len(values)], "UINT8")
        sent.set_data_from_numpy(np.array([values], np.uint8))
        answer: list[int] = client.infer("echo", [sent]).as_numpy("OUT")[0].tolist()
        return answer


def assert_nothing_left(prefix: str, directory: StateDirectory) -> None:
    assert server_processes(prefix) == ()
    assert regions(prefix) == ()
    assert directory.read() is None
    assert not directory.repository.exists()
    assert not directory.backends.exists()


def processes_of(directory: StateDirectory) -> list[psutil.Process]:
    """Whatever runs with the directory in its arguments, found without the code under test."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and any(str(directory.path) in argument for argument in process.info["cmdline"] or ())
    ]


def test_a_server_starts_serves_and_stops_without_a_trace(embedded: EmbeddedServer) -> None:
    events: list[ModelEvent] = []
    with embedded.start(events.append) as server:
        assert events == [ModelEvent("echo", Stage.LOADING), ModelEvent("echo", Stage.READY)]
        assert server.failures == ()
        assert echoed(server, [1, 2, 255]) == [1, 2, 255]
        with triton.InferenceServerClient(server.address) as client:
            assert client.is_server_ready()

        status = server.status()
        assert status.condition is Condition.READY
        assert [(model.name, model.ready) for model in status.models] == [("echo", True)]
        assert set(status.pids) == {process.pid for process in processes_of(server.directory)}
        assert len(status.pids) == 2
        assert server.pids()[0] == server.pid
        assert status.regions
        for connection in psutil.net_connections("tcp"):
            if connection.pid in status.pids and connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in ("127.0.0.1", "::ffff:127.0.0.1")
    assert processes_of(server.directory) == []
    assert_nothing_left(server.state.region_prefix, server.directory)
    assert server.log.read_text()
    server.stop()


def test_the_command_starts_shows_and_stops(repository: Path, embedded: EmbeddedServer) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "VISGATE_STATE": str(embedded.directory.path)}
        return subprocess.run(
            [COMMAND, *arguments], env=environment, cwd=repository.parent, capture_output=True, text=True, timeout=120
        )

    free = ("--grpc-port", "0", "--http-port", "0", "--metrics-port", "0")
    started = command("start", "--repository", "models", *free)
    assert started.returncode == 0, started.stderr
    assert "echo" in started.stderr
    shown = json.loads(command("status", "--json").stdout)
    assert shown["condition"] == "ready"
    assert shown["profile"] == "pocket"
    assert shown["grpc_address"] in started.stderr

    again = command("start", "--repository", "models", *free)
    assert again.returncode == 0
    assert "running already" in again.stderr
    assert command("start", "--repository", "models", "--grpc-port", "1").returncode == 1
    assert command("start", "--repository", "models", "--profile", "pocket").returncode == 0
    assert command("start", "--repository", "models", "--profile", "full").returncode == 1
    add_model(repository.parent / "others", "echo", ECHO)
    other = command("start", "--repository", "others", *free)
    assert other.returncode == 1
    assert "another repository" in other.stderr
    assert json.loads(command("status", "--json").stdout)["pids"] == shown["pids"]

    ports = ("--grpc-port", str(shown["ports"]["grpc"]), "--http-port", "0", "--metrics-port", "0")
    assert command("doctor", "--repository", "models", *ports).returncode == 0

    assert command("stop").returncode == 0
    assert processes_of(embedded.directory) == []
    assert [name for name in shown["shared_memory_regions"] if (SHARED_MEMORY / name).exists()] == []
    assert command("status").returncode == 3


def test_a_killed_server_is_seen_cleaned_up_and_started_again(embedded: EmbeddedServer) -> None:
    killed = embedded.start()
    # The model's process is stopped first, so that it cannot notice and tidy up after itself.
    for pid in killed.pids()[1:]:
        os.kill(pid, signal.SIGSTOP)
    os.kill(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while (status := killed.status()).condition is not Condition.STALE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status.condition is Condition.STALE
    assert len(status.pids) == 1
    assert status.regions

    with embedded.start() as server:
        assert echoed(server, [7]) == [7]
        assert server.state.region_prefix != killed.state.region_prefix
        assert server_processes(killed.state.region_prefix) == ()
        assert regions(killed.state.region_prefix) == ()
        # The first one's handle must not stop its successor.
        killed.stop()
        assert echoed(server, [8]) == [8]
        os.kill(server.pid, signal.SIGKILL)
    assert_nothing_left(server.state.region_prefix, server.directory)


def test_models_that_fail_are_named_with_their_reasons_while_the_rest_serve(
    repository: Path, embedded: EmbeddedServer
) -> None:
    add_model(repository, "broken", BROKEN)
    add_model(repository, "crashing", CRASHING)
    add_model(repository, "without_weights", ECHO, networks='["net.onnx"]')
    findings = []
    with embedded.start(on_findings=findings.extend) as server:
        assert echoed(server, [3]) == [3]
        reasons = {model.name: model.reason for model in server.failures}
        assert set(reasons) == {"broken", "crashing"}
        assert "ValueError: the network is not what it was" in reasons["broken"]
        assert f"{repository}/broken/1/model.py:7 in read_network" in reasons["broken"]
        assert len(reasons["broken"].splitlines()) <= 4
        assert "crash" in reasons["crashing"]

        status = server.status()
        assert status.condition is Condition.DEGRADED
        assert {model.name: model.reason for model in status.models if not model.ready} == reasons
        assert server.state.withheld == (("without_weights", "missing 1/net.onnx"),)
        assert [finding.found for finding in findings if "use_without_weights" in finding.found]
        with triton.InferenceServerClient(server.address) as client:
            assert not client.is_server_ready()
            assert client.is_model_ready("echo")
            served = {model.name for model in client.get_model_repository_index().models}
            assert served == {"echo", "broken", "crashing"}
            with pytest.raises(triton.InferenceServerException):
                client.load_model("without_weights")
    assert_nothing_left(server.state.region_prefix, server.directory)


def test_a_start_that_loads_no_model_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    add_model(tmp_path / "models", "broken", BROKEN)
    directory = StateDirectory(tmp_path / "s")
    embedded = EmbeddedServer(
        tmp_path / "models", grpc_port=0, http_port=0, metrics_port=0, state_directory=directory.path
    )
    with pytest.raises(ModelsFailedError, match="the network is not what it was"):
        embedded.start()
    assert server_status(directory).condition is Condition.STOPPED
    assert processes_of(directory) == []


def test_a_start_that_takes_too_long_is_given_up_and_leaves_nothing(repository: Path, embedded: EmbeddedServer) -> None:
    add_model(repository, "hanging", HANGING)
    prefixes: set[str] = set()

    def note(_: ModelEvent) -> None:
        state = embedded.directory.read()
        assert state is not None
        prefixes.add(state.region_prefix)

    hasty = EmbeddedServer(repository, 0, 0, 0, embedded.state_directory, timeout_s=6)
    with pytest.raises(ServerStartError, match="--timeout"):
        hasty.start(note)
    (prefix,) = prefixes
    assert prefix.startswith(REGION_PREFIX)
    assert_nothing_left(prefix, embedded.directory)
    assert processes_of(embedded.directory) == []


def test_a_taken_port_is_refused_with_the_process_that_has_it(embedded: EmbeddedServer) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        taken = EmbeddedServer(embedded.repository, 0, port, 0, embedded.state_directory)
        with pytest.raises(EnvironmentProblemsError) as error:
            taken.start()
    (problem,) = [finding for finding in error.value.findings if finding.advice]
    assert problem.check == "HTTP port"
    assert f"pid {os.getpid()}" in problem.found
    assert str(port) in problem.found
    assert processes_of(embedded.directory) == []


def test_two_servers_live_side_by_side_and_one_directory_holds_one(
    tmp_path: Path, repository: Path, embedded: EmbeddedServer
) -> None:
    with embedded.start() as first:
        with pytest.raises(ServerAlreadyRunningError):
            embedded.start()
        with EmbeddedServer(repository, 0, 0, 0, tmp_path / "another").start() as second:
            assert first.address != second.address
            assert echoed(second, [2]) == [2]
        assert echoed(first, [1]) == [1]


def test_where_the_full_profiles_networks_lie_tools_are_described_in_its_words(
    repository: Path, embedded: EmbeddedServer
) -> None:
    tool = replace(BRIGHTEN, pocket_limits="It knows emoji alone.", full_limits="It knows everything.")
    spec = replace(Brighten.spec, name="brightening", tools=(tool,), warmup_sides=())
    add_model(repository, spec.name, ECHO)
    for profile in Profile:
        config = repository / spec.name / profile.config_file
        config.parent.mkdir(exist_ok=True)
        config.write_text(config_text(spec, profile))
    (repository / "diffusion" / "1").mkdir(parents=True)
    (repository / "diffusion" / "1" / "profile.json").write_text('{"name": "full"}')
    with embedded.start() as server, VisionClient(server.address) as client:
        said = {tool.name: tool.description for tool in client.tools()}
        assert said["brighten"] == "Adds to every pixel. It knows everything."
        assert echoed(server, [5]) == [5], "a model that is the same in both profiles is served as ever"
        state = server.directory.read()
        assert state is not None
        assert state.profile is Profile.FULL


def test_a_server_in_the_foreground_goes_with_its_command(repository: Path, embedded: EmbeddedServer) -> None:
    ports = ("--grpc-port", "0", "--http-port", "0", "--metrics-port", "0")
    arguments = [
        COMMAND,
        "start",
        "--foreground",
        "--repository",
        repository,
        "--state",
        embedded.directory.path,
        *ports,
    ]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Ctrl-C" in line:
                break
        status = server_status(embedded.directory)
        assert status.condition is Condition.READY
        assert status.state is not None
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    assert_nothing_left(status.state.region_prefix, embedded.directory)


ASK_AND_LEAVE = """
import os, sys
import tritonclient.grpc as triton

address = os.environ["VISGATE_SERVER"]
print(address, triton.InferenceServerClient(address).is_model_ready("echo"))
sys.exit(7)
"""


def test_run_serves_one_command_and_ends_with_its_status(repository: Path) -> None:
    arguments = [COMMAND, "run", "--repository", repository, "--", sys.executable, "-c", ASK_AND_LEAVE]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 7, ended.stderr
    address, ready = ended.stdout.split()
    assert ready == "True"
    assert "the server was stopped" in ended.stderr
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) != 0, "its port is free again"
