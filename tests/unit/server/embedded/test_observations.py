"""What the doctor looks at is looked at for real: other programs, libraries and packages."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np

from visgate_server.embedded.observations import libraries_not_found, missing_libraries, observe, read_packages
from visgate_server.embedded.ports import Ports
from visgate_server.embedded.serving_environment import python_version, serving_environment
from visgate_server.embedded.triton_wheel import find_triton_wheel

LISTING = """\
\tlinux-vdso.so.1 (0x00007ffd5a3f2000)
\tlibpython3.11.so.1.0 => not found
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f6f22cdc000)
\tlibexpat.so.1 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f6f22f51000)
"""


def test_libraries_that_the_loader_does_not_find_are_read_from_its_listing() -> None:
    assert libraries_not_found(LISTING) == ("libpython3.11.so.1.0", "libexpat.so.1")
    assert libraries_not_found("\tstatically linked\n") == ()


def test_the_loader_is_asked_about_the_real_program(tmp_path: Path) -> None:
    wheel = find_triton_wheel()
    assert wheel is not None
    environment = serving_environment(wheel)
    stub = wheel.stub(python_version())
    assert missing_libraries(stub, environment) == ()

    # Away from the wheel and without its folder on the path, the stub's CUDA runtime is nowhere.
    copy = Path(shutil.copy(stub, tmp_path))
    bare = {name: value for name, value in environment.items() if name != "LD_LIBRARY_PATH"}
    assert [name for name in missing_libraries(copy, bare) if name.startswith("libcudart")]


def test_the_version_of_numpy_is_that_of_the_one_that_is_imported(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    packages = read_packages(environment)
    assert packages is not None
    assert packages.numpy == np.__version__

    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text('__version__ = "2.1.0"\n')
    shadowed = read_packages({**environment, "PYTHONPATH": str(tmp_path)})
    assert shadowed is not None
    assert shadowed.numpy == "2.1.0"


def test_a_python_that_cannot_be_run_is_not_a_crash(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert read_packages({"PATH": str(tmp_path)}) is None


def test_everything_is_observed_for_a_repository(tmp_path: Path) -> None:
    observed = observe(tmp_path, Ports(0, 0, 0), frozenset({1}))
    assert observed.python_version == python_version()
    assert observed.wheel == find_triton_wheel()
    assert observed.packages is not None
    assert observed.missing_libraries == ()
    assert observed.shared_memory is not None
    assert [use.name for use in observed.ports] == ["gRPC", "HTTP", "metrics"]
    assert observed.models == ()
    assert observed.own_pids == {1}
