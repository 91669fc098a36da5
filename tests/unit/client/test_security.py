"""TLS, mutual TLS and tokens, against a real gRPC server with certificates made for the test; no secret is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import trustme

from visgate_client import (
    AccessError,
    ArgumentError,
    AsyncVisionClient,
    ConnectError,
    Security,
    VisgateError,
    VisionClient,
)

from .conftest import MemoryTriton
from .serving import Servicer, serving

SECRET = "hunter2-do-not-show"
HEADER = "triton-grpc-protocol-admin"


class Certificates:
    """Files of a certificate authority, and of a client that it knows."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.server = self.authority.issue_cert("localhost")
        client = self.authority.issue_cert("client@example.org")
        self.roots, self.certificate, self.key = folder / "ca.pem", folder / "me.pem", folder / "me.key"
        self.authority.cert_pem.write_to_path(str(self.roots))
        client.cert_chain_pems[0].write_to_path(str(self.certificate))
        client.private_key_pem.write_to_path(str(self.key))

    def for_server(self, *, mutual: bool) -> Any:
        pair = (self.server.private_key_pem.bytes(), self.server.cert_chain_pems[0].bytes())
        roots = self.authority.cert_pem.bytes() if mutual else None
        return grpc.ssl_server_credentials([pair], roots, require_client_auth=mutual)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


class AwaitedVisionClient:
    """An `AsyncVisionClient` with its channel, called like a `VisionClient`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        import asyncio

        self._loop = asyncio.new_event_loop()
        self._client = AsyncVisionClient(*args, **options)

    def call(self, *args: Any, **options: Any) -> Any:
        return self._loop.run_until_complete(self._client.call(*args, **options))

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


@pytest.fixture(params=[VisionClient, AwaitedVisionClient], ids=["blocking", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    made = []

    def make(port: int, security: Security | None = None, **options: Any) -> Any:
        made.append(request.param(f"localhost:{port}", security=security, shared_memory=False, timeout=10, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


def works(client: Any, picture: np.ndarray) -> bool:
    return bool((client.call("blend", image=picture).arrays["picture"] == 255 - picture).all())


@pytest.mark.parametrize("mutual", [False, True], ids=["TLS", "mutual TLS"])
def test_who_has_the_certificates_gets_through(
    connect: Callable[..., Any], certificates: Certificates, picture: np.ndarray, mutual: bool
) -> None:
    mine = {"certificate": certificates.certificate, "private_key": certificates.key} if mutual else {}
    with serving(Servicer(MemoryTriton()), certificates.for_server(mutual=mutual)) as port:
        assert works(connect(port, Security(root_certificates=certificates.roots, **mine)), picture)
        content = {name: path.read_bytes() for name, path in mine.items()}
        from_bytes = Security(root_certificates=certificates.roots.read_bytes(), **content)
        assert works(connect(port, from_bytes), picture)


def test_who_has_not_is_told_what_to_look_at(
    connect: Callable[..., Any], certificates: Certificates, picture: np.ndarray, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with serving(Servicer(MemoryTriton()), certificates.for_server(mutual=True)) as port:
        for security in (None, Security(root_certificates=stranger), Security(root_certificates=certificates.roots)):
            with pytest.raises(VisgateError) as error:
                connect(port, security).call("blend", image=picture, timeout=5)
            assert isinstance(error.value, ConnectError), error.value
    with serving(Servicer(MemoryTriton()), certificates.for_server(mutual=False)) as port:
        with pytest.raises(ConnectError, match="TLS handshake"):
            connect(port, Security(root_certificates=stranger)).call("blend", image=picture)
        wrong_name = Security(root_certificates=certificates.roots, server_name="elsewhere.example")
        with pytest.raises(ConnectError, match="server_name"):
            connect(port, wrong_name).call("blend", image=picture)


def test_a_token_goes_with_every_request_and_without_it_access_is_denied(
    connect: Callable[..., Any], picture: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    servicer = Servicer(MemoryTriton(), (HEADER, SECRET))
    with caplog.at_level(logging.DEBUG), serving(servicer) as port:
        client = connect(port, Security(token=SECRET, token_header=HEADER))
        assert works(client, picture)
        assert all(headers[HEADER] == SECRET for headers in servicer.headers)
        for security in (None, Security(token="wrong-" + SECRET, token_header=HEADER)):
            with pytest.raises(AccessError, match=HEADER) as error:
                connect(port, security).call("blend", image=picture)
            assert SECRET not in str(error.value) + repr(error.value.__cause__)
    assert SECRET not in caplog.text + repr(client)


def test_it_is_read_from_the_environment(
    connect: Callable[..., Any], certificates: Certificates, picture: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(SECRET + "\n")
    environment = {
        "VISGATE_TLS_ROOTS": str(certificates.roots),
        "VISGATE_TLS_CERTIFICATE": str(certificates.certificate),
        "VISGATE_TLS_KEY": str(certificates.key),
        "VISGATE_TOKEN_FILE": str(tmp_path / "token"),
        "VISGATE_TOKEN_HEADER": HEADER,
    }
    servicer = Servicer(MemoryTriton(), (HEADER, SECRET))
    with serving(servicer, certificates.for_server(mutual=True)) as port:
        assert works(connect(port, Security.from_environment(environment)), picture)
    assert not Security.from_environment({}).is_encrypted
    assert Security.from_environment({"VISGATE_TLS": "1"}).is_encrypted
    assert not Security.from_environment({"VISGATE_TLS": "0", "VISGATE_TOKEN": ""}).is_encrypted


def test_nothing_secret_is_shown(certificates: Certificates) -> None:
    key = certificates.key.read_text()
    security = Security(
        root_certificates=certificates.roots,
        certificate=certificates.certificate.read_bytes(),
        private_key=key.encode(),
        token=SECRET,
    )
    shown = repr(security) + str(security) + repr(VisionClient("localhost:1", security=security))
    assert SECRET not in shown
    assert "PRIVATE KEY" not in shown
    assert "mutual TLS" in shown
    body = key.splitlines()[1]
    # Somebody gives the key itself, as text, where its path is meant.
    for wrong in ({"private_key": key}, {"private_key": SECRET.encode()}, {"private_key": key.replace("-----", "")}):
        with pytest.raises(ArgumentError, match=r"security\.private_key") as error:
            Security(certificate=certificates.certificate, **wrong).channel_credentials()
        assert body not in str(error.value)
        assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("server", "options", "warned"),
    [
        ("gpu.example:1", {}, True),
        ("localhost:1,gpu.example:1", {}, True),
        ("gpu.example:1", {"tls": True}, False),
        ("localhost:1", {}, False),
    ],
)
def test_a_token_that_others_could_read_is_warned_of(
    server: str, options: dict[str, Any], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    VisionClient(server, security=Security(token=SECRET, **options)).close()
    assert ("without TLS" in caplog.text) == warned
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"certificate": b"-----BEGIN"}, "belong together"),
        ({"private_key": b"-----BEGIN"}, "belong together"),
        ({"token": "two\nlines"}, "line end"),
        ({"root_certificates": "/nowhere/ca.pem"}, "/nowhere/ca.pem.*No such file"),
        ({"root_certificates": b"not PEM"}, "BEGIN"),
    ],
)
def test_what_cannot_work_is_refused_when_the_client_is_made(wrong: dict[str, Any], words: str) -> None:
    for face in (VisionClient, AsyncVisionClient):
        with pytest.raises(ArgumentError, match=words):
            face("localhost:1", security=Security(**wrong))


def test_messages_are_packed_on_request(connect: Callable[..., Any], picture: np.ndarray) -> None:
    servicer = Servicer(MemoryTriton())
    with serving(servicer) as port:
        for compression in ("none", "deflate", "gzip"):
            assert works(connect(port, compression=compression), picture)
        with pytest.raises(ArgumentError, match="compression"):
            connect(port, compression="zip")
