"""Looks at the machine and the environment for the doctor; judges nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from visgate_server.embedded.model_folders import ModelFolder, read_model_folders
from visgate_server.embedded.ports import Ports, PortUse, examine_port
from visgate_server.embedded.serving_environment import python_version, serving_environment
from visgate_server.embedded.shared_memory import SharedMemory, measure_shared_memory
from visgate_server.embedded.triton_wheel import TritonWheel, find_triton_wheel

_PROBE_TIMEOUT_S = 60

# Imports numpy, as what is imported is what counts; asks the others' metadata, as importing them takes a second.
_VERSIONS_PROGRAM = """
import importlib.metadata, json
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
try:
    import numpy
    numpy_version = numpy.__version__
except ImportError:
    numpy_version = None
print(json.dumps({"numpy": numpy_version, "onnxruntime": version("onnxruntime") or version("onnxruntime-gpu")}))
"""


@dataclass(frozen=True)
class Packages:
    """Versions that the models' Python processes would import; None for what they would not find."""

    numpy: str | None
    onnxruntime: str | None


@dataclass(frozen=True)
class Observations:
    """Everything that the doctor judges by.

    Attributes:
        python_version: the running Python, such as "3.11".
        wheel: where tritonserver is, or None.
        packages: what the models' processes would import, or None if their Python cannot be run.
        missing_libraries: shared libraries that tritonserver or a model's process would not find; None without a wheel.
        shared_memory: the size of /dev/shm, or None if there is none.
        ports: each port that the server would listen on.
        repository: the model repository.
        models: its model folders.
        own_pids: processes of the server that this state directory runs already.
    """

    python_version: str
    wheel: TritonWheel | None
    packages: Packages | None
    missing_libraries: tuple[str, ...] | None
    shared_memory: SharedMemory | None
    ports: tuple[PortUse, ...]
    repository: Path
    models: tuple[ModelFolder, ...]
    own_pids: frozenset[int] = frozenset()


def observe(repository: Path, ports: Ports, own_pids: frozenset[int] = frozenset()) -> Observations:
    """Looks at everything, in well under a second; starts two small programs and no server."""
    version = python_version()
    wheel = find_triton_wheel()
    environment = serving_environment(wheel) if wheel else dict(os.environ)
    return Observations(
        python_version=version,
        wheel=wheel,
        packages=read_packages(environment),
        missing_libraries=_missing_for(wheel, version, environment) if wheel else None,
        shared_memory=measure_shared_memory(),
        ports=tuple(examine_port(name, port) for name, port in ports.named()),
        repository=repository,
        models=read_model_folders(repository),
        own_pids=own_pids,
    )


def read_packages(environment: Mapping[str, str]) -> Packages | None:
    """Asks the Python that the models' processes would find; None if that cannot be run."""
    python = shutil.which("python3", path=environment.get("PATH")) or sys.executable
    try:
        answer = subprocess.run(
            [python, "-c", _VERSIONS_PROGRAM],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Packages(**json.loads(answer.stdout))


def _missing_for(wheel: TritonWheel, version: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    programs = (wheel.program, wheel.stub(version))
    return tuple(dict.fromkeys(name for program in programs for name in missing_libraries(program, environment)))


def missing_libraries(program: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Asks the system's loader which shared libraries it would not find for `program`, without running it."""
    if not program.is_file():
        return ()
    try:
        answer = subprocess.run(
            [program],
            # The loader then lists the libraries and ends, which is what `ldd` does.
            env={**environment, "LD_TRACE_LOADED_OBJECTS": "1"},
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return (str(program),)
    return libraries_not_found(answer.stdout)


def libraries_not_found(listing: str) -> tuple[str, ...]:
    """The names that the loader's listing says were not found."""
    return tuple(line.split("=>")[0].strip() for line in listing.splitlines() if line.endswith("=> not found"))
