"""Declares who may use the server's gRPC port and how that is protected; opens no connection and shows no secret."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from visgate_server.embedded.errors import AccessOptionError

PROTOCOLS = (
    "health",
    "metadata",
    "inference",
    "shared-memory",
    "model-config",
    "model-repository",
    "statistics",
    "trace",
    "logging",
)
"""The groups of calls that Triton can keep for callers with a token."""

_HEADER_PREFIX = "triton-grpc-protocol-"
_KEY = re.compile(r"^[a-z0-9_-]+$")
# What separates the parts of Triton's option cannot be in them.
_TOKEN = re.compile(r"^[!-~]+$")


@dataclass(frozen=True)
class Restriction:
    """Calls that only who shows a token may make: Triton's `--grpc-restricted-protocol`.

    Triton takes the token as an argument, so on this machine whoever may list processes can read it there.

    Attributes:
        protocols: some of `PROTOCOLS`.
        token_file: the file that holds the token, and perhaps a line end after it.
        key: the last part of the header's name; clients of this project send "token" unless told otherwise.
    """

    protocols: tuple[str, ...]
    token_file: Path
    key: str = "token"

    def __post_init__(self) -> None:
        unknown = [name for name in self.protocols if name not in PROTOCOLS]
        if unknown or not self.protocols:
            named = ", ".join(map(repr, unknown)) or "none"
            raise AccessOptionError(f"protocols to restrict: got {named}; give some of {', '.join(PROTOCOLS)}")
        if not _KEY.match(self.key):
            raise AccessOptionError(
                f"key of a token: {self.key!r} cannot end a header's name; give lower-case letters, digits, - or _"
            )

    @property
    def header(self) -> str:
        """The header in which the token is expected."""
        return _HEADER_PREFIX + self.key

    def token(self) -> str:
        """Reads the token.

        Raises:
            AccessOptionError: the file cannot be read, or holds no token.
        """
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not ASCII text"
            raise AccessOptionError(
                f"the token file {self.token_file} cannot be read ({reason}): name another with --token-file"
            ) from None
        if not _TOKEN.match(token):
            raise AccessOptionError(
                f"the token file {self.token_file} holds no token: write one line of visible ASCII, without spaces"
            )
        return token


@dataclass(frozen=True)
class ServerAccess:
    """Who may use the gRPC port. By default everybody on this machine, in plain text.

    With any protection the HTTP port is not opened: Triton has no TLS there, and it would be a way around.

    Attributes:
        certificate: what proves the server to clients, PEM, with the certificates between it and its root: TLS.
        private_key: the key to it, PEM, not encrypted.
        client_roots: who must have signed the certificate that every client shows, PEM: mutual TLS.
        restrictions: which calls need a token.
        watch_certificate, watch_key: what this project's own command shows when it asks the server how it is; by
            default the server's own certificate, which will do where `client_roots` signed that too.
    """

    certificate: Path | None = None
    private_key: Path | None = None
    client_roots: Path | None = None
    restrictions: tuple[Restriction, ...] = ()
    watch_certificate: Path | None = None
    watch_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            raise AccessOptionError("--certificate and --private-key belong together: give both or neither")
        if self.client_roots is not None and self.certificate is None:
            raise AccessOptionError("--client-roots asks clients for certificates, which takes TLS: give --certificate")
        if (self.watch_certificate is None) != (self.watch_key is None):
            raise AccessOptionError("--watch-certificate and --watch-key belong together: give both or neither")
        counted = Counter(name for restriction in self.restrictions for name in restriction.protocols)
        twice = [name for name, count in counted.items() if count > 1]
        if twice:
            raise AccessOptionError(
                f"protocols to restrict: {', '.join(twice)} is there twice; Triton allows one token"
            )

    @property
    def is_open(self) -> bool:
        """Whether nothing is protected."""
        return not self.is_encrypted and not self.restrictions

    @property
    def is_encrypted(self) -> bool:
        """Whether the gRPC port speaks TLS."""
        return self.certificate is not None

    @property
    def watch_pair(self) -> tuple[Path, Path] | None:
        """The certificate and key that this project's own command shows; None without mutual TLS."""
        if self.client_roots is None:
            return None
        certificate, key = self.watch_certificate or self.certificate, self.watch_key or self.private_key
        return None if certificate is None or key is None else (certificate, key)

    def headers(self) -> dict[str, str]:
        """The tokens, each in its header.

        Raises:
            AccessOptionError: a token file cannot be read.
        """
        return {restriction.header: restriction.token() for restriction in self.restrictions}

    def arguments(self) -> Iterator[str]:
        """What tritonserver is told of it, tokens included.

        Raises:
            AccessOptionError: a token file cannot be read.
        """
        if self.certificate is not None:
            yield "--grpc-use-ssl=true"
            yield f"--grpc-server-cert={self.certificate}"
            yield f"--grpc-server-key={self.private_key}"
        if self.client_roots is not None:
            yield "--grpc-use-ssl-mutual=true"
            yield f"--grpc-root-cert={self.client_roots}"
        for restriction in self.restrictions:
            protocols = ",".join(restriction.protocols)
            yield f"--grpc-restricted-protocol={protocols}:{restriction.key}={restriction.token()}"

    def at_absolute_paths(self) -> ServerAccess:
        """The same from any working directory."""
        paths = {name: None if path is None else path.absolute() for name, path in self._paths().items()}
        restrictions = tuple(
            Restriction(each.protocols, each.token_file.absolute(), each.key) for each in self.restrictions
        )
        return ServerAccess(restrictions=restrictions, **paths)

    def as_document(self) -> dict[str, Any]:
        """The same as JSON: paths, and no secret."""
        restrictions = [
            {"protocols": list(each.protocols), "token_file": str(each.token_file), "key": each.key}
            for each in self.restrictions
        ]
        return {name: str(path) for name, path in self._paths().items() if path} | {"restrictions": restrictions}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ServerAccess:
        """What `as_document` wrote down.

        Raises:
            KeyError, TypeError, ValueError: somebody else wrote it.
        """
        restrictions = tuple(
            Restriction(tuple(each["protocols"]), Path(each["token_file"]), str(each["key"]))
            for each in document["restrictions"]
        )
        paths = {name: Path(path) for name, path in document.items() if name != "restrictions"}
        return cls(restrictions=restrictions, **paths)

    def _paths(self) -> dict[str, Path | None]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "restrictions"}
