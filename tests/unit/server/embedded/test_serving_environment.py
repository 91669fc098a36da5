"""The models' processes meet this environment's Python and packages, and nobody else's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from visgate_server.embedded.serving_environment import libpython_folders, libpython_name, serving_environment
from visgate_server.embedded.triton_wheel import TritonWheel

WHEEL = TritonWheel(Path("/wheel/tritonserver"), Path("/wheel/libraries"))


def test_another_projects_modules_do_not_leak_in() -> None:
    environment = serving_environment(
        WHEEL, {"PYTHONPATH": "/other", "PYTHONHOME": "/other", "PYTHONSTARTUP": "/other", "VISGATE_DEVICE": "cpu"}
    )
    assert not {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"} & set(environment)
    assert environment["VISGATE_DEVICE"] == "cpu"


def test_this_environments_python_comes_first() -> None:
    folders = serving_environment(WHEEL, {"PATH": "/usr/bin"})["PATH"].split(os.pathsep)
    assert folders == [str(Path(sys.executable).parent), "/usr/bin"]


def test_the_wheels_libraries_come_before_the_users() -> None:
    folders = serving_environment(WHEEL, {"LD_LIBRARY_PATH": "/cuda"})["LD_LIBRARY_PATH"].split(os.pathsep)
    assert folders[0] == "/wheel/libraries"
    assert folders[-1] == "/cuda"
    # An empty entry would mean the working directory.
    assert "" not in serving_environment(WHEEL, {})["LD_LIBRARY_PATH"].split(os.pathsep)


def test_models_do_not_download() -> None:
    assert serving_environment(WHEEL, {})["HF_HUB_OFFLINE"] == "1"


def test_only_folders_that_hold_the_library_are_named() -> None:
    assert libpython_folders("2.7") == ()
    for folder in libpython_folders("3.11"):
        assert (folder / libpython_name("3.11")).is_file()
