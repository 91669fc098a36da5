"""Real processes, found by their arguments and ended however stubborn they are."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import psutil
import pytest

from visgate_server.embedded.processes import end_server, is_alive, server_process, server_processes
from visgate_server.embedded.staging import shared_memory_option

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
WITH_CHILD = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); " + SLEEP
)

Run = Callable[..., psutil.Process]


@pytest.fixture
def run() -> Iterator[Run]:
    started: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str) -> psutil.Process:
        process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        return psutil.Process(process.pid)

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def prefix() -> str:
    return f"region_{uuid.uuid4().hex}_"


def test_a_server_its_models_and_their_children_are_found_and_nobody_else(run: Run, prefix: str) -> None:
    server = run(SLEEP, shared_memory_option(prefix))
    model = run(WITH_CHILD, "model.py", f"{prefix}1234")
    stranger = run(SLEEP, "region_of_another")
    (child,) = model.children()
    found = server_process(prefix)
    assert found is not None
    assert found.pid == server.pid
    assert {process.pid for process in server_processes(prefix)} == {server.pid, model.pid, child.pid}

    assert end_server(prefix, grace_s=5) == ()
    assert not any(is_alive(process) for process in (server, model, child))
    assert is_alive(stranger)


def test_an_orphaned_model_is_ended_with_no_server_to_do_it(run: Run, prefix: str) -> None:
    model = run(SLEEP, f"{prefix}1234")
    assert server_process(prefix) is None
    assert end_server(prefix, grace_s=5) == ()
    assert not is_alive(model)


def test_what_does_not_listen_is_killed_after_the_grace(run: Run, prefix: str) -> None:
    server = run(STUBBORN, shared_memory_option(prefix))
    began = time.monotonic()
    assert end_server(prefix, grace_s=0.5) == ()
    assert time.monotonic() - began >= 0.5
    assert not is_alive(server)


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive(run: Run, prefix: str) -> None:
    process = run(SLEEP, shared_memory_option(prefix))
    process.kill()
    deadline = time.monotonic() + 5
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(process)
    assert process.is_running()
    assert server_process(prefix) is None
