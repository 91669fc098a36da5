"""Builds the environment variables that tritonserver and the models' Python processes run with; starts nothing."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from visgate_server.embedded.triton_wheel import TritonWheel

# The models' processes look at these too, where they would put another project's modules in front of the models'.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")


def python_version() -> str:
    """The running Python's version as the wheel names its stubs: "3.11"."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def libpython_name(version: str) -> str:
    """The file name of Python's shared library."""
    return f"libpython{version}.so.1.0"


def libpython_folders(version: str) -> tuple[Path, ...]:
    """Folders of the running Python that hold its shared library, where the system's loader would not look.

    A Python that pyenv, uv or conda installed keeps it in its own tree; a Python built without it gives no folder.
    """
    candidates = [Path(str(sysconfig.get_config_var("LIBDIR") or "")), Path(sys.base_prefix) / "lib"]
    return tuple(dict.fromkeys(folder for folder in candidates if (folder / libpython_name(version)).is_file()))


def serving_environment(wheel: TritonWheel, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for tritonserver, whose model processes inherit it.

    Args:
        wheel: where tritonserver is.
        base: what to start from; this process's environment by default.
    """
    source = os.environ if base is None else base
    environment = {name: value for name, value in source.items() if name not in _DROPPED}
    # The stub asks PATH for `python3` to find its site-packages: it must meet this environment's first.
    environment["PATH"] = _joined(Path(sys.executable).parent, source.get("PATH", os.defpath))
    environment["LD_LIBRARY_PATH"] = _joined(
        wheel.libraries, *libpython_folders(python_version()), source.get("LD_LIBRARY_PATH", "")
    )
    # A model that reaches for a download at start would hang without a network: fail at once instead.
    environment["HF_HUB_OFFLINE"] = "1"
    return environment


def _joined(*parts: Path | str) -> str:
    return os.pathsep.join(str(part) for part in parts if str(part))
