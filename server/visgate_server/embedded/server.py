"""Starts tritonserver and waits until it and its models are ready; leaves nothing behind if that fails."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from visgate_server.embedded.access import ServerAccess
from visgate_server.embedded.access_check import check_access
from visgate_server.embedded.doctor import examine
from visgate_server.embedded.errors import (
    EnvironmentProblemsError,
    PortTakenError,
    ServerAlreadyRunningError,
    ServerStartError,
)
from visgate_server.embedded.findings import Finding, any_problem
from visgate_server.embedded.loading import wait_until_loaded
from visgate_server.embedded.model_folders import ModelFolder, read_model_folders
from visgate_server.embedded.observations import observe
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.processes import server_processes
from visgate_server.embedded.running_server import Condition, RunningServer, server_status, stop_server
from visgate_server.embedded.served_profile import profile_in
from visgate_server.embedded.server_log import ModelEvent
from visgate_server.embedded.serving_environment import serving_environment
from visgate_server.embedded.shared_memory import REGION_PREFIX
from visgate_server.embedded.staging import command_line, lay_out
from visgate_server.embedded.state_directory import ServerState, StateDirectory, default_state_directory
from visgate_server.embedded.triton_wheel import TritonWheel, find_triton_wheel
from visgate_server.profiles import Profile

_PORT_ATTEMPTS = 3
_ABORT_GRACE_S = 3.0


def _ignore(_: object) -> None:
    return None


@dataclass(frozen=True)
class EmbeddedServer:
    """A server that can be started.

    Attributes:
        repository: the folder with a folder for each model. Models that are not complete are left out.
        grpc_port, http_port, metrics_port: where to listen on the loopback address; 0 chooses a free port.
        state_directory: one for each server; by default `VISGATE_STATE` or `.visgate` beside the repository.
        log: the log file; by default in the state directory. The last one is kept with `.previous` at its end.
        timeout_s: how long it may take to become ready, in seconds.
        access: who may use it; by default everybody on this machine. With any protection HTTP is off.
        profile: whose words the tools are described in; None for that of the networks that lie in the repository.
    """

    repository: Path
    grpc_port: int = Ports.grpc
    http_port: int = Ports.http
    metrics_port: int = Ports.metrics
    state_directory: Path | None = None
    log: Path | None = None
    timeout_s: float = 300.0
    access: ServerAccess = field(default_factory=ServerAccess)
    profile: Profile | None = None

    @classmethod
    def on_free_ports(
        cls, repository: Path, state_directory: Path, access: ServerAccess | None = None
    ) -> EmbeddedServer:
        """One that gets in nobody's way: on ports that are free, with its state in a directory of its own."""
        return cls(repository, 0, 0, 0, state_directory, access=access or ServerAccess())

    @property
    def directory(self) -> StateDirectory:
        """Where its state is."""
        return StateDirectory((self.state_directory or default_state_directory(self.repository)).absolute())

    @property
    def ports(self) -> Ports:
        """Where it is asked to listen."""
        return Ports(self.grpc_port, self.http_port, self.metrics_port)

    @property
    def served_profile(self) -> Profile:
        """Whose configurations it is to read."""
        return self.profile or profile_in(self.repository)

    def examine(self) -> tuple[Finding, ...]:
        """What the doctor finds for this server; starts nothing."""
        state = self.directory.read()
        own = {process.pid for process in server_processes(state.region_prefix)} if state else set()
        return (*examine(observe(self.repository, self.ports, frozenset(own))), *check_access(self.access))

    def start(
        self,
        on_event: Callable[[ModelEvent], None] = _ignore,
        on_findings: Callable[[tuple[Finding, ...]], None] = _ignore,
    ) -> RunningServer:
        """Starts it and returns when it is ready, with at least one model.

        A model that cannot be loaded does not keep the others from being served: see `RunningServer.failures`. What
        an earlier server left when it was killed is cleaned up first.

        Args:
            on_event: called for each step of each model's loading.
            on_findings: called with what the doctor found, before anything is started.

        Raises:
            ServerAlreadyRunningError: the state directory's server runs already.
            EnvironmentProblemsError: the doctor found a problem.
            ServerStartError: it ended, hung, or could load no model; nothing is left running.
            StateFileError: the state file cannot be read.
            AccessOptionError: what an earlier server needs to be asked how it is cannot be read.
        """
        with self.directory.lock():
            self._clean_up_after_the_last()
            findings = self.examine()
            on_findings(findings)
            wheel = find_triton_wheel()
            if wheel is None or any_problem(findings):
                raise EnvironmentProblemsError(findings)
            for _ in range(_PORT_ATTEMPTS - 1):
                try:
                    return self._attempt(wheel, on_event)
                except PortTakenError:
                    if not self.ports.any_to_choose:
                        raise
            return self._attempt(wheel, on_event)

    def _clean_up_after_the_last(self) -> None:
        status = server_status(self.directory)
        if status.condition is Condition.STALE:
            stop_server(self.directory)
        elif status.state is not None:
            raise ServerAlreadyRunningError(
                f"a server for {status.state.repository} runs already (gRPC port {status.state.ports.grpc}, "
                f"{status.condition.value}): use it, or stop it with `visgate-server stop`"
            )

    def _attempt(self, wheel: TritonWheel, on_event: Callable[[ModelEvent], None]) -> RunningServer:
        began = time.monotonic()
        folders = read_model_folders(self.repository)
        directory = self.directory
        lay_out(directory, wheel, (folder for folder in folders if folder.is_complete))
        state = self._new_state(folders)
        process = _launch(directory, wheel, state)
        try:
            # Written before anything is waited for: a start that is killed leaves a server that can be found.
            state = replace(state, pid=process.pid)
            directory.write(state)
            models = wait_until_loaded(process, directory, state, began + self.timeout_s, on_event)
        except BaseException:
            # An interrupt from the keyboard, too, must leave nothing running.
            directory.write(replace(state, pid=process.pid))
            stop_server(directory, _ABORT_GRACE_S)
            raise
        return RunningServer(directory, state, models, time.monotonic() - began)

    def _new_state(self, folders: tuple[ModelFolder, ...]) -> ServerState:
        ports = self.ports.chosen()
        return ServerState(
            pid=0,
            region_prefix=f"{REGION_PREFIX}visgate_{uuid.uuid4().hex[:12]}_",
            repository=self.repository.resolve(),
            ports=ports if self.access.is_open else replace(ports, http=0),
            log=(self.log or self.directory.log).absolute(),
            started=time.time(),
            models=tuple(folder.name for folder in folders if folder.is_complete),
            withheld=tuple((folder.name, folder.shortcoming) for folder in folders if not folder.is_complete),
            access=self.access.at_absolute_paths(),
            profile=self.served_profile,
        )


def _launch(directory: StateDirectory, wheel: TritonWheel, state: ServerState) -> subprocess.Popen[bytes]:
    with _new_log(state.log) as log:
        try:
            return subprocess.Popen(
                command_line(directory, wheel, state),
                env=serving_environment(wheel),
                # Python puts the working directory on the models' path: let it be one with no modules in it.
                cwd=directory.backends,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Closing the terminal, or an interrupt in it, must not reach the server.
                start_new_session=True,
            )
        except OSError as error:
            raise ServerStartError(f"{wheel.program} cannot be run: {error}. Is this Linux on x86-64?") from error


def _new_log(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            path.replace(path.with_name(path.name + ".previous"))
        return path.open("wb")
    except OSError as error:
        raise ServerStartError(
            f"the log {path} cannot be written ({error.strerror}): name another with --log"
        ) from error
