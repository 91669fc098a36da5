"""Holds what proves a client to a server and a server to a client; opens no connection and shows no secret."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc

from visgate_client._address import ServerAddress
from visgate_client._steps import Metadata
from visgate_client.errors import ArgumentError

PemSource = str | Path | bytes
"""A PEM file's path, or its content."""

RESTRICTED_PREFIX = "triton-grpc-protocol-"
"""What Triton puts before the key of ``--grpc-restricted-protocol=<protocols>:<key>=<value>`` to name its header."""


@dataclass(frozen=True)
class Security:
    """How a connection is protected.

    Neither its repr nor an error of this package shows a key or a token.

    Example::

        Security(root_certificates="ca.pem")                                           # the server proves itself
        Security(root_certificates="ca.pem", certificate="me.pem", private_key="me.key")     # both do: mutual TLS
        Security(token="…", token_header="triton-grpc-protocol-admin")          # --grpc-restricted-protocol

    Attributes:
        tls: whether the connection is encrypted; any certificate means yes.
        root_certificates: whom to believe, PEM; without it gRPC's own list.
        certificate: this client's certificate and those between it and its root, PEM.
        private_key: the key to that certificate, PEM.
        server_name: the name that the server's certificate bears, where that is not the address.
        token: a secret that every request carries as a header.
        token_header: that header. Triton expects ``triton-grpc-protocol-<key>``; a proxy in front of it perhaps
            ``authorization``.
    """

    tls: bool = False
    root_certificates: PemSource | None = field(default=None, repr=False)
    certificate: PemSource | None = field(default=None, repr=False)
    private_key: PemSource | None = field(default=None, repr=False)
    server_name: str = ""
    token: str = field(default="", repr=False)
    token_header: str = RESTRICTED_PREFIX + "token"

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise _wrong("certificate", "a certificate and its private_key belong together; give both or neither")
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise _wrong("token", "the token has characters that no header can carry (is there a line end in it?)")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads it from environment variables.

        They are VISGATE_TLS (1 or 0), VISGATE_TLS_ROOTS, VISGATE_TLS_CERTIFICATE and VISGATE_TLS_KEY (paths of PEM
        files), VISGATE_TLS_SERVER_NAME, VISGATE_TOKEN or VISGATE_TOKEN_FILE, and VISGATE_TOKEN_HEADER.

        Args:
            environment: the variables; the process's own by default.

        Raises:
            ArgumentError: they contradict each other, or the token's file cannot be read.
        """
        given = os.environ if environment is None else environment
        token = given.get("VISGATE_TOKEN", "")
        if not token and (path := given.get("VISGATE_TOKEN_FILE")):
            token = _read(path, "token").decode(errors="replace").strip()
        return cls(
            tls=given.get("VISGATE_TLS", "0").lower() not in ("", "0", "false", "no"),
            root_certificates=given.get("VISGATE_TLS_ROOTS") or None,
            certificate=given.get("VISGATE_TLS_CERTIFICATE") or None,
            private_key=given.get("VISGATE_TLS_KEY") or None,
            server_name=given.get("VISGATE_TLS_SERVER_NAME", ""),
            token=token,
            token_header=given.get("VISGATE_TOKEN_HEADER") or RESTRICTED_PREFIX + "token",
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is TLS."""
        return self.tls or self.root_certificates is not None or self.certificate is not None

    @property
    def metadata(self) -> Metadata:
        """The headers that every request carries."""
        return ((self.token_header.lower(), self.token),) if self.token else ()

    def is_exposed(self, addresses: Iterable[ServerAddress]) -> bool:
        """Tells whether the token would leave this host in plain text."""
        return bool(self.token) and not self.is_encrypted and not all(address.on_this_host for address in addresses)

    def channel_credentials(self) -> Any:
        """Returns gRPC's credentials for the channel, or None for a connection in plain text.

        Raises:
            ArgumentError: a file cannot be read, or is no PEM.
        """
        if not self.is_encrypted:
            return None
        return grpc.ssl_channel_credentials(
            root_certificates=_pem(self.root_certificates, "root_certificates"),
            private_key=_pem(self.private_key, "private_key"),
            certificate_chain=_pem(self.certificate, "certificate"),
        )

    def __repr__(self) -> str:
        kind = "mutual TLS" if self.certificate is not None else "TLS" if self.is_encrypted else "plain text"
        token = f", token in {self.token_header}" if self.token else ""
        return f"Security({kind}{token})"


def _pem(source: PemSource | None, what: str) -> bytes | None:
    """Returns a PEM file's content. gRPC takes anything for a certificate and then fails every call without a word."""
    if source is None:
        return None
    content = source if isinstance(source, bytes) else _read(source, what)
    if b"-----BEGIN" not in content:
        raise _wrong(what, "this is no PEM: it has no line that starts with -----BEGIN")
    return content


def _read(path: str | Path, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        # A path is shown only where it looks like one: somebody may have given the key itself.
        shown = f" {str(path)!r}" if len(str(path)) < 200 and "-----" not in str(path) else ""
        reason = getattr(error, "strerror", None) or "no such path"
        raise _wrong(what, f"the file{shown} cannot be read: {reason}") from None


def _wrong(what: str, why: str) -> ArgumentError:
    return ArgumentError(f"security.{what}: {why}", path=f"security.{what}", expected="")
