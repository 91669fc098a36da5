"""Finds tritonserver and its parts in the installed nvidia-pytriton wheel, without importing that package."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "nvidia-pytriton"

_PACKAGE = "pytriton"
_LIBRARIES = "nvidia_pytriton.libs"
_STUB = "triton_python_backend_stub"


@dataclass(frozen=True)
class TritonWheel:
    """Where the wheel put its parts.

    Attributes:
        root: the folder with `bin/`, `backends/`, `caches/` and `python_backend_stubs/`.
        libraries: the shared libraries that the wheel carries for its programs.
    """

    root: Path
    libraries: Path

    @property
    def program(self) -> Path:
        """The tritonserver executable."""
        return self.root / "bin" / "tritonserver"

    @property
    def caches(self) -> Path:
        """The folder of response cache implementations."""
        return self.root / "caches"

    @property
    def python_backend(self) -> Path:
        """The folder of the Python backend's library and helper module; the stubs are elsewhere."""
        return self.root / "backends" / "python"

    def stub(self, python_version: str) -> Path:
        """The program that runs a model's Python code, for a Python such as "3.11"; it may not exist."""
        return self.root / "python_backend_stubs" / python_version / _STUB

    def stub_versions(self) -> tuple[str, ...]:
        """The Python versions that the wheel has a stub for."""
        return tuple(sorted(stub.parent.name for stub in self.root.glob(f"python_backend_stubs/*/{_STUB}")))

    def missing_parts(self) -> tuple[Path, ...]:
        """Parts that should be there and are not, as in an installation that was interrupted."""
        parts = (
            self.program,
            self.libraries,
            self.caches / "local" / "libtritoncache_local.so",
            self.python_backend / "libtriton_python.so",
            self.python_backend / "triton_python_backend_utils.py",
        )
        return tuple(part for part in parts if not part.exists())


def find_triton_wheel() -> TritonWheel | None:
    """The wheel installed for the running Python, or None."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    root = package / "tritonserver"
    return TritonWheel(root, package.parent / _LIBRARIES) if root.is_dir() else None
