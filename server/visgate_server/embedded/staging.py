"""Lays out what tritonserver reads, as links, and writes its command line; starts nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from visgate_server.embedded.model_folders import ModelFolder
from visgate_server.embedded.ports import LOOPBACK
from visgate_server.embedded.serving_environment import python_version
from visgate_server.embedded.state_directory import ServerState, StateDirectory
from visgate_server.embedded.triton_wheel import TritonWheel
from visgate_server.profiles import Profile

CACHE_BYTES = 64 << 20
"""For a model whose configuration asks for a response cache; this project's do not."""
EXIT_TIMEOUT_S = 10
"""How long Triton lets requests in flight finish when it is told to stop, in seconds."""


def lay_out(directory: StateDirectory, wheel: TritonWheel, models: Iterable[ModelFolder]) -> None:
    """Links the backend's parts into one folder, as Triton wants them, and the models to be served into another.

    Triton loads every folder it is given. With links to the complete ones it needs no model control, which would let
    anybody who reaches the port, a web page in a browser included, load a model of their own.
    """
    backend = directory.backends / "python"
    parts = [part for part in wheel.python_backend.iterdir() if part.is_file()]
    _link_all(backend, [*parts, wheel.stub(python_version())])
    _link_all(directory.repository, [model.path for model in models])


def _link_all(folder: Path, targets: Iterable[Path]) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for target in targets:
        (folder / target.name).symlink_to(target.resolve())


def shared_memory_option(region_prefix: str) -> str:
    """The argument that names a server's shared memory regions, and by which its process is told from others."""
    return f"--backend-config=python,shm-region-prefix-name={region_prefix}"


def command_line(directory: StateDirectory, wheel: TritonWheel, state: ServerState) -> list[str]:
    """The arguments that start tritonserver, its path first.

    Raises:
        AccessOptionError: a token file cannot be read.
    """
    return [
        str(wheel.program),
        f"--model-repository={directory.repository}",
        *_profile_options(state),
        f"--backend-directory={directory.backends}",
        shared_memory_option(state.region_prefix),
        # Triton would run each model's code once more to complete its config: half of the time to start.
        "--disable-auto-complete-config",
        "--model-control-mode=none",
        # One broken model leaves the others served; readiness is then false, as it should be.
        "--exit-on-error=false",
        "--strict-readiness=true",
        f"--exit-timeout-secs={EXIT_TIMEOUT_S}",
        f"--cache-config=local,size={CACHE_BYTES}",
        f"--cache-directory={wheel.caches}",
        f"--grpc-address={LOOPBACK}",
        f"--grpc-port={state.ports.grpc}",
        *_http_options(state),
        f"--metrics-address={LOOPBACK}",
        f"--metrics-port={state.ports.metrics}",
        # Last: whoever shows the beginning of a command line shows no token.
        *state.access.arguments(),
    ]


def _profile_options(state: ServerState) -> list[str]:
    # Triton then reads `configs/NAME.pbtxt` of each model that has one, and `config.pbtxt` of the others.
    return [] if state.profile is Profile.POCKET else [f"--model-config-name={state.profile.value}"]


def _http_options(state: ServerState) -> list[str]:
    if state.access.is_open:
        return [f"--http-address={LOOPBACK}", f"--http-port={state.ports.http}"]
    return ["--allow-http=false"]
