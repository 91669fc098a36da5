"""A server that was started: says how it is and stops it, whoever started it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import TracebackType

from visgate_server.embedded.errors import ServerNotRunningError, ServerStopError
from visgate_server.embedded.kserve_probe import KServeProbe, ModelReadiness
from visgate_server.embedded.ports import LOOPBACK
from visgate_server.embedded.processes import end_server, server_process, server_processes
from visgate_server.embedded.shared_memory import regions, remove_regions
from visgate_server.embedded.state_directory import ServerState, StateDirectory

STOP_GRACE_S = 20.0
"""How long a server may take to stop by itself before it is killed: twice what Triton gives requests in flight."""


class Condition(Enum):
    """How a state directory's server is."""

    STOPPED = "stopped"
    READY = "ready"
    DEGRADED = "degraded"
    NOT_ANSWERING = "not answering"
    STALE = "stale"


@dataclass(frozen=True)
class ServerStatus:
    """How a state directory's server is, and what belongs to it.

    Attributes:
        condition: in a word. DEGRADED serves some models and not others; STALE was killed and never cleaned up after;
            NOT_ANSWERING is still loading, or hangs.
        state: what was written when it was started; None if it is stopped.
        models: each loaded model and whether it is ready; empty if the server does not answer.
        pids: its processes that are alive, tritonserver's and the models'.
        regions: names of its shared memory regions.
    """

    condition: Condition
    state: ServerState | None = None
    models: tuple[ModelReadiness, ...] = ()
    pids: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()


def server_status(directory: StateDirectory) -> ServerStatus:
    """Looks at the state file, the processes and, if there are any, asks the server itself.

    Raises:
        StateFileError: the state file cannot be read.
        AccessOptionError: a certificate, key or token that the server asks for cannot be read.
    """
    state = directory.read()
    if state is None:
        return ServerStatus(Condition.STOPPED)
    # Looked for first: one that is just dying must not be counted below and missed here.
    server = server_process(state.region_prefix)
    pids = tuple(process.pid for process in server_processes(state.region_prefix))
    names = tuple(region.name for region in regions(state.region_prefix))
    if server is None:
        return ServerStatus(Condition.STALE, state, pids=pids, regions=names)
    with KServeProbe(state.ports.grpc, state.access) as probe:
        models = probe.models()
        ready = probe.server_ready()
    if models is None:
        return ServerStatus(Condition.NOT_ANSWERING, state, pids=pids, regions=names)
    models = tuple(replace(model, reason=directory.with_real_paths(model.reason, state)) for model in models)
    condition = Condition.READY if ready else Condition.DEGRADED
    return ServerStatus(condition, state, models, pids, names)


def stop_server(directory: StateDirectory, grace_s: float = STOP_GRACE_S) -> ServerState | None:
    """Ends every process of the directory's server, and removes its shared memory and its state.

    Also cleans up after one that was killed.

    Returns:
        What is stopped now; None if there was nothing to stop.

    Raises:
        ServerStopError: a process is still there after SIGKILL.
        StateFileError: the state file cannot be read.
    """
    state = directory.read()
    if state is None:
        return None
    left = end_server(state.region_prefix, grace_s)
    if left:
        raise ServerStopError(
            f"processes {', '.join(map(str, left))} are still there after SIGKILL; a process that waits for a disk or "
            "belongs to another user cannot be ended from here. Its state is kept: run `visgate-server stop` again"
        )
    remove_regions(state.region_prefix)
    directory.clear()
    return state


@dataclass(frozen=True)
class RunningServer:
    """A server that was started and became ready; as a context manager it is stopped at the end.

    Attributes:
        directory: its state directory.
        state: what it was started with.
        models: each model it was asked to load, and whether it was ready when the start ended.
        startup_s: how long it took to become ready, in seconds.
    """

    directory: StateDirectory
    state: ServerState
    models: tuple[ModelReadiness, ...]
    startup_s: float

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where clients find it with gRPC, as `host:port`."""
        return f"{LOOPBACK}:{self.state.ports.grpc}"

    @property
    def http_address(self) -> str:
        """The same protocol over HTTP, as `host:port`; empty where HTTP is off."""
        return f"{LOOPBACK}:{self.state.ports.http}" if self.state.ports.http else ""

    @property
    def metrics_address(self) -> str:
        """Prometheus metrics at `/metrics`, as `host:port`."""
        return f"{LOOPBACK}:{self.state.ports.metrics}"

    @property
    def pid(self) -> int:
        """Tritonserver's process."""
        return self.state.pid

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.state.log

    @property
    def failures(self) -> tuple[ModelReadiness, ...]:
        """The models that could not be loaded, each with its reason."""
        return tuple(model for model in self.models if not model.ready)

    def status(self) -> ServerStatus:
        """How it is now."""
        return server_status(self.directory)

    def pids(self) -> tuple[int, ...]:
        """Its processes that are alive: tritonserver's first, then the models'."""
        found = [process.pid for process in server_processes(self.state.region_prefix)]
        return tuple(sorted(found, key=lambda pid: (pid != self.state.pid, pid)))

    def wait(self, poll_s: float = 0.2) -> None:
        """Returns when the server has been stopped.

        Raises:
            ServerNotRunningError: it ended without being told to.
        """
        while server_process(self.state.region_prefix) is not None:
            time.sleep(poll_s)
        if self._is_current():
            raise ServerNotRunningError(f"tritonserver ended by itself: see {self.log}")

    def stop(self, grace_s: float = STOP_GRACE_S) -> None:
        """Stops it and cleans up; does nothing if that was done already, or another server has taken its place."""
        if self._is_current():
            stop_server(self.directory, grace_s)

    def _is_current(self) -> bool:
        state = self.directory.read()
        return state is not None and state.region_prefix == self.state.region_prefix
