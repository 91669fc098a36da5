"""Finds and ends the processes of a server by the unique prefix in their arguments; knows nothing about state files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil

from visgate_server.embedded.staging import shared_memory_option

_POLL_S = 0.02
_ORPHAN_GRACE_S = 2.0
_KILL_TIMEOUT_S = 5.0


def server_process(region_prefix: str) -> psutil.Process | None:
    """The tritonserver that was started with this prefix, if it is alive."""
    option = shared_memory_option(region_prefix)
    return next((process for process in psutil.process_iter() if option in _arguments(process)), None)


def server_processes(region_prefix: str) -> tuple[psutil.Process, ...]:
    """That tritonserver, the models' processes, orphaned ones too, and whatever any of them started."""
    option = shared_memory_option(region_prefix)
    roots = [process for process in psutil.process_iter() if _belongs(process, option, region_prefix)]
    found = {process.pid: process for process in roots}
    for root in roots:
        with suppress(psutil.Error):
            found.update((child.pid, child) for child in root.children(recursive=True) if is_alive(child))
    return tuple(found.values())


def _belongs(process: psutil.Process, option: str, region_prefix: str) -> bool:
    # A model's process is given the name of its region as an argument of its own.
    return any(argument == option or argument.startswith(region_prefix) for argument in _arguments(process))


def _arguments(process: psutil.Process) -> Sequence[str]:
    try:
        arguments: list[str] = process.cmdline()
    except psutil.Error:
        return ()
    return arguments


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; a process that has ended and that nobody has asked after does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def end_server(region_prefix: str, grace_s: float) -> tuple[int, ...]:
    """Ends every process of a server: asks tritonserver, then asks what it left, then forces what is left of that.

    Args:
        region_prefix: the server's prefix.
        grace_s: how long tritonserver may take to finish what is in flight, in seconds.

    Returns:
        The ids of processes that are there even so.
    """
    server = server_process(region_prefix)
    if server is not None:
        _send([server], force=False)
        wait_until_gone([server], grace_s)
    orphans = server_processes(region_prefix)
    _send(orphans, force=False)
    wait_until_gone(orphans, _ORPHAN_GRACE_S)
    left = {process.pid: process for process in (*orphans, *server_processes(region_prefix)) if is_alive(process)}
    _send(left.values(), force=True)
    return tuple(process.pid for process in wait_until_gone(left.values(), _KILL_TIMEOUT_S))


def _send(processes: Iterable[psutil.Process], *, force: bool) -> None:
    for process in processes:
        with suppress(psutil.Error):
            if force:
                process.kill()
            else:
                process.terminate()


def wait_until_gone(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Waits for processes to end and returns those that have not."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while left := [process for process in left if not _gone(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL_S)
    return left


def _gone(process: psutil.Process) -> bool:
    # A child of this very process stays in the table until it is waited for.
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return not is_alive(process)
