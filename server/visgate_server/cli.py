"""The command `visgate-server`: starts, shows, stops and examines Triton; everything else is elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click
from rich.console import Console

from visgate_server.access_options import access_options, server_access
from visgate_server.embedded.console import LoadingProgress, make_console, show_findings, show_started, show_status
from visgate_server.embedded.errors import EnvironmentProblemsError
from visgate_server.embedded.findings import Finding, Level, any_problem
from visgate_server.embedded.model_folders import read_model_folders
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.running_server import (
    Condition,
    RunningServer,
    ServerStatus,
    server_status,
    stop_server,
)
from visgate_server.embedded.server import EmbeddedServer
from visgate_server.embedded.state_directory import STATE_VARIABLE, StateDirectory, default_state_directory
from visgate_server.errors import VisgateServerError
from visgate_server.profiles import Profile

_NOT_RUNNING = 3
"""The exit status for "not running" that init scripts agreed on (Linux Standard Base, section 20.2)."""

SERVER_VARIABLE = "VISGATE_SERVER"
"""Where clients of this project look for the server's HOST:PORT."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _OneLineErrors(click.Group):
    """Shows this project's errors as a message and status 1, without a traceback; any other is a bug and keeps it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VisgateServerError as error:
            raise click.ClickException(str(error)) from error


def _repository_option(command: _Command) -> _Command:
    return click.option(
        "--repository",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("model_repository"),
        show_default=True,
        help="The model repository.",
    )(command)


def _state_option(command: _Command) -> _Command:
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=STATE_VARIABLE,
        show_envvar=True,
        help="The state directory, one for each server.  [default: .visgate beside the repository]",
    )(command)


def _port_options(command: _Command) -> _Command:
    for name, port in reversed(list(Ports().named())):
        command = click.option(
            f"--{name.lower()}-port",
            type=click.IntRange(0, 65535),
            default=port,
            show_default=True,
            help=f"Where to listen for {name}; 0 chooses a free port.",
        )(command)
    return command


def _profile_option(command: _Command) -> _Command:
    return click.option(
        "--profile",
        type=click.Choice([profile.value for profile in Profile]),
        callback=lambda _context, _option, name: Profile(name) if name else None,
        help="Whose limits the tools' descriptions tell.  [default: those of the networks that are there]",
    )(command)


def _json_option(command: _Command) -> _Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


@click.group(cls=_OneLineErrors)
@click.version_option(package_name="visgate-server")
def main() -> None:
    """The embedded Triton server: NVIDIA Triton out of a Python wheel, on this machine only."""


@main.command()
@_repository_option
@_port_options
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="The log file.  [default: in the state]")
@click.option("--timeout", type=click.FloatRange(min=1), default=300.0, show_default=True, help="Seconds to wait.")
@click.option("--foreground", is_flag=True, help="Stay until interrupted, then stop the server.")
@_profile_option
@access_options
@_state_option
def start(
    repository: Path,
    grpc_port: int,
    http_port: int,
    metrics_port: int,
    log: Path | None,
    timeout: float,
    foreground: bool,
    profile: Profile | None,
    state: Path | None,
    **access: Any,
) -> None:
    """Start the server and return when it is ready.

    Ends with status 0 when at least one model is served, and says which are not and why. A server that runs already
    and serves the same repository is left as it is.
    """
    server = EmbeddedServer(
        repository, grpc_port, http_port, metrics_port, state, log, timeout, server_access(**access), profile
    )
    status = server_status(server.directory)
    if status.condition in (Condition.READY, Condition.DEGRADED):
        given = click.get_current_context().get_parameter_source
        asked = {
            name: port
            for name, port in server.ports.named()
            if port and given(f"{name.lower()}_port") is click.core.ParameterSource.COMMANDLINE
        }
        _use_running(status, server, asked)
        return
    console = make_console(stderr=True)
    running = _start_showing_progress(server, console)
    with ExitStack() as at_the_end:
        if foreground:
            at_the_end.enter_context(running)
            at_the_end.enter_context(suppress(KeyboardInterrupt))
        show_started(console, running)
        if foreground:
            console.print("stop it with Ctrl-C")
            running.wait()


def _start_showing_progress(server: EmbeddedServer, console: Console) -> RunningServer:
    """Starts it, with the doctor's findings and each model's loading on the terminal."""
    signal.signal(signal.SIGTERM, _end_politely)

    def begin(findings: tuple[Finding, ...]) -> None:
        show_findings(console, [finding for finding in findings if finding.level is not Level.OK])
        progress.expect(sum(folder.is_complete for folder in read_model_folders(server.repository)))

    try:
        with LoadingProgress(console) as progress:
            return server.start(progress.show, begin)
    except EnvironmentProblemsError as error:
        raise click.ClickException("the server was not started: mend the problems above first") from error


def _use_running(status: ServerStatus, server: EmbeddedServer, asked: Mapping[str, int]) -> None:
    """Says that there is a server already, which is well if it does what was asked for.

    Raises:
        click.ClickException: it is not healthy, or not the one that was asked for.
    """
    console = make_console(stderr=True)
    state = status.state
    if state is None:
        return
    show_status(console, status)
    has = dict(state.ports.named())
    is_other = state.repository != server.repository.resolve() or state.access != server.access.at_absolute_paths()
    is_other = is_other or server.profile not in (None, state.profile)
    if is_other or any(has[name] != port for name, port in asked.items()):
        raise click.ClickException(
            f"{server.directory.path} has a server already, for another repository or profile, other ports or other "
            "access: stop it first with `visgate-server stop`, or give this one a state directory of its own with "
            "--state"
        )
    if status.condition is not Condition.READY:
        raise click.ClickException(
            "the server was running already and some of its models failed: mend them, `visgate-server stop` and start "
            "it again"
        )
    console.print("It was running already.")
    complete = {folder.name for folder in read_model_folders(server.repository) if folder.is_complete}
    if new := sorted(complete - set(state.models)):
        console.print(f"Restart it to serve what has become complete since: {', '.join(new)}")
    if server.served_profile is not state.profile:
        console.print(f"Restart it to serve the {server.served_profile.value} profile, whose networks are there now")


def _end_politely(_number: int, _frame: FrameType | None) -> None:
    # Lets the start stop what it started, as it does for Ctrl-C.
    sys.exit(128 + signal.SIGTERM)


@main.command(context_settings={"ignore_unknown_options": True})
@_repository_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(repository: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND with a server of its own, on free ports, and stop that server when the command ends.

    The command finds the server's address in VISGATE_SERVER. Ends with the command's status.
    """
    console = make_console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="visgate-") as folder:
        server = EmbeddedServer.on_free_ports(repository, Path(folder))
        with _start_showing_progress(server, console) as running:
            show_started(console, running)
            environment = os.environ | {SERVER_VARIABLE: running.address}
            ended = subprocess.run(command, env=environment, check=False)
        console.print("the server was stopped")
    sys.exit(ended.returncode)


@main.command()
@_repository_option
@_state_option
@_json_option
def status(repository: Path, state: Path | None, as_json: bool) -> None:
    """Show the server and its models.

    Ends with status 0 if the server and every model it was given is ready, 1 if not, 3 if it is not running.
    """
    found = server_status(_directory(repository, state))
    if as_json:
        click.echo(json.dumps(_status_document(found), indent=2))
    else:
        show_status(make_console(), found)
    if found.condition in (Condition.STOPPED, Condition.STALE):
        sys.exit(_NOT_RUNNING)
    if found.condition is not Condition.READY:
        sys.exit(1)


def _directory(repository: Path, state: Path | None) -> StateDirectory:
    return StateDirectory((state or default_state_directory(repository)).absolute())


def _status_document(status: ServerStatus) -> dict[str, Any]:
    document: dict[str, Any] = {
        "condition": status.condition.value,
        "models": [asdict(model) for model in status.models],
        "pids": list(status.pids),
        "shared_memory_regions": list(status.regions),
    }
    if status.state is not None:
        document |= {
            "grpc_address": f"127.0.0.1:{status.state.ports.grpc}",
            "ports": asdict(status.state.ports),
            "repository": str(status.state.repository),
            "profile": status.state.profile.value,
            "log": str(status.state.log),
            "started": status.state.started,
            "withheld": [{"name": name, "reason": reason} for name, reason in status.state.withheld],
        }
    return document


@main.command()
@_repository_option
@_state_option
def stop(repository: Path, state: Path | None) -> None:
    """Stop the server and every process that belongs to it, or clean up after one that was killed."""
    directory = _directory(repository, state)
    stopped = stop_server(directory)
    if stopped is None:
        click.echo(f"nothing to stop: no server was started in {directory.path}", err=True)
    else:
        click.echo(f"stopped the server at 127.0.0.1:{stopped.ports.grpc}", err=True)


@main.command()
@_repository_option
@_port_options
@_state_option
@_json_option
def doctor(
    repository: Path, grpc_port: int, http_port: int, metrics_port: int, state: Path | None, as_json: bool
) -> None:
    """Find what would keep the server from working, and say what to do about it; start nothing.

    Ends with status 1 if there is a problem; a warning is not one.
    """
    findings = EmbeddedServer(repository, grpc_port, http_port, metrics_port, state).examine()
    if as_json:
        click.echo(json.dumps([{**asdict(finding), "level": finding.level.value} for finding in findings], indent=2))
    else:
        show_findings(make_console(), findings)
    if any_problem(findings):
        sys.exit(1)


if __name__ == "__main__":
    main()
