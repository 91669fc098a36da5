"""Judges what was observed: says what would keep the server from working, before it starts, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from visgate_server.embedded.findings import Finding, Level
from visgate_server.embedded.model_folders import ModelFolder
from visgate_server.embedded.observations import Observations, Packages
from visgate_server.embedded.ports import PortUse
from visgate_server.embedded.serving_environment import libpython_name
from visgate_server.embedded.shared_memory import BYTES_PER_INSTANCE, SHARED_MEMORY, WORKING_BYTES, SharedMemory
from visgate_server.embedded.triton_wheel import DISTRIBUTION, TritonWheel

SUPPORTED_PYTHON = "3.11"

_MEGABYTE = 1 << 20
_REINSTALL = "install the server again: `pip install -e server -c constraints.txt`"


def examine(observed: Observations) -> tuple[Finding, ...]:
    """Every check, in the order in which a person would mend what it finds."""
    complete = [model for model in observed.models if model.is_complete]
    return (
        check_python(observed.python_version),
        check_tritonserver(observed.wheel, observed.python_version),
        check_numpy(observed.packages),
        check_onnxruntime(observed.packages),
        check_libraries(observed.missing_libraries, observed.python_version),
        check_shared_memory(observed.shared_memory, sum(model.instances for model in complete)),
        *(check_port(use, observed.ports, observed.own_pids) for use in observed.ports),
        *check_models(observed),
    )


def check_python(version: str) -> Finding:
    """The models' processes run the Python that this runs in, and the packages are pinned for one version."""
    if version == SUPPORTED_PYTHON:
        return Finding("Python", Level.OK, version)
    advice = f"make the virtual environment with Python {SUPPORTED_PYTHON}"
    return Finding("Python", Level.PROBLEM, f"{version}, and the server runs on {SUPPORTED_PYTHON} only", advice)


def check_tritonserver(wheel: TritonWheel | None, python_version: str) -> Finding:
    """The wheel is there, whole, and has a stub for this Python."""
    if wheel is None:
        advice = f"`pip install {DISTRIBUTION}` (Linux, x86-64)"
        return Finding("tritonserver", Level.PROBLEM, f"{DISTRIBUTION} is not installed", advice)
    missing = wheel.missing_parts()
    if missing:
        advice = f"`pip install --force-reinstall --no-deps {DISTRIBUTION}`"
        return Finding("tritonserver", Level.PROBLEM, f"{missing[0]} is missing", advice)
    if python_version not in wheel.stub_versions():
        has = ", ".join(wheel.stub_versions()) or "none"
        found = f"the wheel runs models on Python {has}, not {python_version}"
        advice = f"make the virtual environment with Python {SUPPORTED_PYTHON}"
        return Finding("tritonserver", Level.PROBLEM, found, advice)
    return Finding("tritonserver", Level.OK, str(wheel.program))


def check_numpy(packages: Packages | None) -> Finding:
    """The Python backend was built for numpy 1: with numpy 2 it answers with empty tensors and no error."""
    if packages is None:
        return Finding("numpy", Level.PROBLEM, "the Python that models would run in cannot be run", _REINSTALL)
    if packages.numpy is None:
        return Finding("numpy", Level.PROBLEM, "not installed", _REINSTALL)
    if _major(packages.numpy) >= 2:
        found = f"{packages.numpy}, with which Triton's Python backend answers with empty tensors and no error"
        return Finding("numpy", Level.PROBLEM, found, "`pip install 'numpy<2'`")
    return Finding("numpy", Level.OK, packages.numpy)


def _major(version: str) -> int:
    digits = version.split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def check_onnxruntime(packages: Packages | None) -> Finding:
    """Models run their networks in ONNX Runtime."""
    if packages is None or packages.onnxruntime is None:
        return Finding("onnxruntime", Level.PROBLEM, "not installed", "`pip install onnxruntime`")
    return Finding("onnxruntime", Level.OK, packages.onnxruntime)


def check_libraries(missing: Sequence[str] | None, python_version: str) -> Finding:
    """Without its shared libraries a model's process ends before it says anything."""
    check = "shared libraries"
    if missing is None:
        return Finding(check, Level.WARNING, "not looked at, as there is no tritonserver", "install that first")
    if not missing:
        return Finding(check, Level.OK, "all found")
    found = f"not found: {', '.join(missing)}"
    if libpython_name(python_version) in missing:
        advice = (
            f"`apt-get install libpython{python_version}`, or use a Python that was built with its shared library "
            "(uv's is; pyenv's is with PYTHON_CONFIGURE_OPTS=--enable-shared)"
        )
        return Finding(check, Level.PROBLEM, found, advice)
    return Finding(check, Level.PROBLEM, found, "install the system packages that hold them")


def check_shared_memory(memory: SharedMemory | None, instances: int) -> Finding:
    """Pictures go between tritonserver and its models through /dev/shm."""
    check = "shared memory"
    needed = instances * BYTES_PER_INSTANCE
    recommended = needed + WORKING_BYTES
    advice = (
        f"give it {_megabytes(recommended)} or more: `docker run --shm-size=1g`, or `mount -o remount,size=1g /dev/shm`"
    )
    if memory is None:
        return Finding(check, Level.PROBLEM, f"there is no {SHARED_MEMORY}", "mount a tmpfs there")
    free = f"{SHARED_MEMORY} has {_megabytes(memory.free_bytes)} free of {_megabytes(memory.total_bytes)}"
    if memory.free_bytes < needed:
        found = f"{free}, and {instances} model instances need {_megabytes(needed)} to start"
        return Finding(check, Level.PROBLEM, found, advice)
    if memory.free_bytes < recommended:
        found = f"{free}: large pictures will be refused (one of 16 megapixels takes up to 133 MB in each model)"
        return Finding(check, Level.WARNING, found, advice)
    return Finding(check, Level.OK, free)


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:.0f} MB"


def check_port(use: PortUse, others: Sequence[PortUse] = (), own_pids: frozenset[int] = frozenset()) -> Finding:
    """Each port must be free, unless the server of this state directory holds it."""
    check = f"{use.name} port"
    option = f"--{use.name.lower()}-port"
    if any(use.port and other.port == use.port and other.name != use.name for other in others):
        return Finding(check, Level.PROBLEM, f"{use.port} is asked for twice", f"choose another with {option}")
    if not use.port:
        return Finding(check, Level.OK, "a free one will be chosen")
    if use.pid is not None and use.pid in own_pids:
        return Finding(check, Level.OK, f"{use.port}, held by this repository's own server")
    if use.reason:
        holder = f" by {use.process or 'a process'} (pid {use.pid})" if use.pid else ""
        unseen = "" if use.pid else ", by a process that this user may not see" * (use.reason == "is taken")
        advice = f"stop that process or choose another port with {option} (0: any free one)"
        return Finding(check, Level.PROBLEM, f"{use.port} {use.reason}{holder}{unseen}", advice)
    return Finding(check, Level.OK, str(use.port))


def check_models(observed: Observations) -> tuple[Finding, ...]:
    """One finding for each model that cannot be loaded, or one for all if they can."""
    check = "model repository"
    if not observed.repository.is_dir():
        advice = "name it with --repository, or make it with `make models`"
        return (Finding(check, Level.PROBLEM, f"{observed.repository} is not a folder", advice),)
    complete = [model for model in observed.models if model.is_complete]
    incomplete = [model for model in observed.models if not model.is_complete]
    findings = tuple(_incomplete_model(model, complete) for model in incomplete)
    if complete:
        return (*findings, Finding(check, Level.OK, f"{len(complete)} of {len(observed.models)} models complete"))
    found = f"no model in {observed.repository} can be loaded"
    return (*findings, Finding(check, Level.PROBLEM, found, "fill it with `make models`"))


def _incomplete_model(model: ModelFolder, complete: Sequence[ModelFolder]) -> Finding:
    callers = [other.name for other in complete if model.name in other.calls]
    cost = f"no {', '.join(model.tools)}" if model.tools else "it will not be served"
    limits = f"; {', '.join(callers)} can do less" if callers else ""
    found = (
        f"{model.name} {model.shortcoming}: {cost}{limits}"
        if model.fault
        else (f"{model.shortcoming} of {model.name}: {cost}{limits}")
    )
    check = "model" if model.fault else "weights"
    advice = "mend or remove the folder" if model.fault else "`make models` gets them"
    return Finding(check, Level.WARNING, found, advice)
