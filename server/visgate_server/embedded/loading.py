"""Waits until a tritonserver that was started has loaded its models; neither starts nor ends it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from visgate_server.embedded.errors import ModelsFailedError, PortTakenError, ServerStartError
from visgate_server.embedded.kserve_probe import KServeProbe, ModelReadiness
from visgate_server.embedded.ports import port_answers
from visgate_server.embedded.server_log import LogFollower, ModelEvent, Stage, last_errors
from visgate_server.embedded.state_directory import ServerState, StateDirectory

_POLL_S = 0.05


def wait_until_loaded(
    process: subprocess.Popen[bytes],
    directory: StateDirectory,
    state: ServerState,
    deadline: float,
    on_event: Callable[[ModelEvent], None],
) -> tuple[ModelReadiness, ...]:
    """Returns when every model is ready or has failed, and at least one is ready.

    Triton answers nobody until then, so that steps on the way are read from its log; what counts in the end is its
    answer.

    Args:
        process: the tritonserver.
        directory: its state directory.
        state: what it was started with.
        deadline: when to give up, in seconds of `time.monotonic()`.
        on_event: called for each step of each model's loading.

    Raises:
        PortTakenError: it could not listen.
        ModelsFailedError: every model failed.
        ServerStartError: it ended or was not ready in time.
    """
    follower = LogFollower(state.log)
    failures: dict[str, str] = {}

    def follow() -> None:
        for event in follower.events():
            if event.stage is Stage.FAILED:
                failures[event.model] = directory.with_real_paths(event.reason, state)
            on_event(replace(event, reason=failures.get(event.model, "")))

    with KServeProbe(state.ports.grpc, state.access) as probe:
        while (index := _index_when_up(probe, state)) is None:
            follow()
            if process.poll() is not None:
                raise _ended(process.returncode, state)
            if time.monotonic() > deadline:
                raise ServerStartError(_late(state, failures))
            time.sleep(_POLL_S)
    follow()
    ready = {model.name for model in index if model.ready}
    models = tuple(
        ModelReadiness(name, name in ready, "" if name in ready else failures.get(name, f"see {state.log}"))
        for name in state.models
    )
    if not ready:
        reasons = "\n".join(f"{model.name}: {model.reason}" for model in models)
        raise ModelsFailedError(f"no model could be loaded, and the server was stopped again:\n{reasons}")
    return models


def _index_when_up(probe: KServeProbe, state: ServerState) -> tuple[ModelReadiness, ...] | None:
    """The repository index once all ports answer: Triton opens gRPC's first and ends if another is taken."""
    if not all(port_answers(port) for _, port in state.ports.named() if port):
        return None
    return probe.models()


def _ended(code: int, state: ServerState) -> ServerStartError:
    errors = last_errors(state.log)
    lines = "\n".join(errors) or "(it wrote no error)"
    message = f"tritonserver ended with status {code} before it was ready; the whole log is in {state.log}:\n{lines}"
    if any("already in use" in error for error in errors):
        return PortTakenError(message)
    return ServerStartError(message)


def _late(state: ServerState, failures: dict[str, str]) -> str:
    failed = "".join(f"\n{name}: {reason}" for name, reason in failures.items())
    return (
        f"tritonserver was not ready in time and was stopped again: give it longer with --timeout, or look in "
        f"{state.log}{failed}"
    )
