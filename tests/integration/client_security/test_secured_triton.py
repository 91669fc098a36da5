"""Mutual TLS and a token on a real Triton: who has all of it gets everything, and who misses a part is told which."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trustme
from click.testing import CliRunner

from visgate_client import AccessError, AsyncVisionClient, ConnectError, Security, VisgateError, VisionClient
from visgate_server.cli import main
from visgate_server.embedded import EmbeddedServer, Restriction, RunningServer, ServerAccess
from visgate_server.embedded.running_server import Condition

ROOT = Path(__file__).parents[3]
TOKEN = "hunter2:do=not,show"
HEADER = "triton-grpc-protocol-team"
# The server's own watch asks for health and for the list of models: it has to show the token too.
RESTRICTED = ("health", "model-repository", "shared-memory", "statistics")


@dataclass(frozen=True)
class Files:
    """PEM files of one authority, and of somebody whom another has signed."""

    folder: Path

    def pair(self, name: str) -> dict[str, Path]:
        return {"certificate": self.folder / f"{name}.pem", "private_key": self.folder / f"{name}.key"}

    @property
    def complete(self) -> dict[str, Any]:
        """What a client needs."""
        roots = {"root_certificates": self.folder / "roots.pem"}
        return {**roots, **self.pair("client"), "token": TOKEN, "token_header": HEADER}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("secrets")
    authority, stranger = trustme.CA(), trustme.CA()
    for name, signer, identity in (
        ("server", authority, "localhost"),
        ("client", authority, "app@example.org"),
        ("strange", stranger, "app@example.org"),
    ):
        made = signer.issue_cert(identity)
        (folder / f"{name}.pem").write_bytes(made.cert_chain_pems[0].bytes())
        (folder / f"{name}.key").write_bytes(made.private_key_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "roots.pem"))
    stranger.cert_pem.write_to_path(str(folder / "strange_roots.pem"))
    (folder / "token").write_text(TOKEN + "\n")
    return Files(folder)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, files: Files) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("secured")
    (folder / "models").mkdir()
    (folder / "models" / "detect_edges").symlink_to(ROOT / "model_repository" / "detect_edges")
    access = ServerAccess(
        **files.pair("server"),
        client_roots=files.folder / "roots.pem",
        restrictions=(Restriction(RESTRICTED, files.folder / "token", key="team"),),
    )
    with EmbeddedServer.on_free_ports(folder / "models", folder / "state", access).start() as running:
        yield running


@pytest.fixture
def address(secured: RunningServer) -> str:
    return f"localhost:{secured.state.ports.grpc}"


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (300, 400, 3), np.uint8)


def finds_edges(client: VisionClient, photo: np.ndarray) -> bool:
    return np.array_equal(client.call("detect_edges", image=photo).arrays["edges"], cv2.Canny(photo, 100, 200))


def test_who_has_everything_gets_everything(address: str, files: Files, photo: np.ndarray) -> None:
    with VisionClient(address, timeout=60, security=Security(**files.complete)) as client:
        assert all(finds_edges(client, photo) for _ in range(3))
        assert client._core._remote._memory._pool._held, "shared memory takes the token, and was granted"
        assert client.statistics("detect_edges").failure_count == 0
        assert client.is_ready()
        *_, result = client.stream("detect_edges", image=photo)
        assert result.text

    async def awaited() -> Any:
        async with AsyncVisionClient(address, timeout=60, security=Security(**files.complete)) as client:
            return await client.call("detect_edges", image=photo)

    np.testing.assert_array_equal(asyncio.run(awaited()).arrays["edges"], cv2.Canny(photo, 100, 200))


def test_what_takes_no_token_goes_without_and_shared_memory_is_refused(
    address: str, files: Files, photo: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    security = Security(**{**files.complete, "token": ""})
    with caplog.at_level(logging.INFO, logger="visgate_client"), VisionClient(address, security=security) as client:
        for _ in range(3):
            outputs = client.infer("detect_edges", {"IMAGE": photo[np.newaxis]})
        np.testing.assert_array_equal(outputs["EDGES"][0, :, :, 0], cv2.Canny(photo, 100, 200))
        with pytest.raises(AccessError, match=HEADER):
            client.statistics("detect_edges")
    assert len([record for record in caplog.records if "not through shared memory" in record.message]) == 1


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"token": ""}, AccessError, rf"{HEADER}.*Security\(token"),
        ({"token": "wrong"}, AccessError, rf"{HEADER}.*Security\(token"),
        ({"token_header": "triton-grpc-protocol-other"}, AccessError, HEADER),
        ({"root_certificates": "strange_roots.pem"}, ConnectError, "TLS handshake failed.*root_certificates"),
        ({"server_name": "elsewhere.example"}, ConnectError, "TLS handshake failed.*server_name"),
        ({"certificate": None, "private_key": None}, ConnectError, "certificate of yours.*Security"),
        ({"certificate": "strange.pem", "private_key": "strange.key"}, ConnectError, "certificate of yours.*Security"),
    ],
    ids=["no token", "wrong token", "wrong header", "wrong CA", "wrong name", "no certificate", "foreign certificate"],
)
def test_who_misses_a_part_is_told_which(
    address: str,
    files: Files,
    photo: np.ndarray,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str | None],
    error: type[VisgateError],
    words: str,
) -> None:
    named = {name: files.folder / value if value and "." in value and name != "server_name" else value
             for name, value in changes.items()}  # fmt: skip
    security = Security(**{**files.complete, **named})
    with caplog.at_level(logging.DEBUG), VisionClient(address, timeout=20, security=security) as client:
        with pytest.raises(error, match=words) as raised:
            client.call("detect_edges", image=photo)
        shown = str(raised.value) + repr(raised.value.__cause__) + repr(client) + repr(security) + caplog.text
    assert TOKEN not in shown
    assert "PRIVATE KEY" not in shown


def test_plain_text_is_told_what_to_look_at(address: str) -> None:
    with VisionClient(address, timeout=20) as client, pytest.raises(ConnectError, match="does the server speak TLS"):
        client.tools()


def test_the_servers_own_watch_gets_in(secured: RunningServer) -> None:
    assert secured.status().condition is Condition.READY
    assert secured.http_address == ""
    shown = CliRunner().invoke(main, ["status", "--state", str(secured.directory.path)], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "ready" in shown.output


def test_no_secret_is_kept_or_shown(secured: RunningServer, address: str, files: Files) -> None:
    with VisionClient(address, timeout=20, security=Security(**files.complete)) as client:
        client.tools()
    key = (files.folder / "server.key").read_text().splitlines()[1]
    for text in (secured.log.read_text(), secured.directory.state_file.read_text(), repr(secured)):
        assert TOKEN not in text
        assert key not in text
