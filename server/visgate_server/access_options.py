"""The options of `visgate-server` about who may use the server; starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from visgate_server.embedded.access import Restriction, ServerAccess

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DEFAULT_RESTRICTED = "shared-memory,model-config,model-repository,statistics,trace,logging"
"""What changes the server, or tells about other people's calls; who has no token may still call a tool by hand."""


def access_options(command: _Command) -> _Command:
    """Adds the options to a command; `server_access` takes what they give."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for name, kind, text in (
        ("--watch-key", file, "The key to --watch-certificate."),
        ("--watch-certificate", file, "What this command shows the server; its own certificate by default."),
        ("--token-key", str, "KEY of the token's header, triton-grpc-protocol-KEY.  [default: token]"),
        ("--restrict", str, f"What takes the token, with commas between.  [default: {_DEFAULT_RESTRICTED}]"),
        ("--token-file", file, "A file with a token that callers must show. On this machine `ps` shows it to others."),
        ("--client-roots", file, "Who must have signed every client's certificate: mutual TLS."),
        ("--private-key", file, "The key to --certificate, not encrypted."),
        ("--certificate", file, "The gRPC port speaks TLS with this certificate, PEM; HTTP is then off."),
    ):
        command = click.option(name, type=kind, help=text)(command)
    return command


def server_access(
    certificate: Path | None,
    private_key: Path | None,
    client_roots: Path | None,
    token_file: Path | None,
    restrict: str | None,
    token_key: str | None,
    watch_certificate: Path | None,
    watch_key: Path | None,
) -> ServerAccess:
    """What the options ask for.

    Raises:
        click.UsageError, AccessOptionError: they contradict each other.
    """
    if token_file is None and (restrict or token_key):
        raise click.UsageError("--restrict and --token-key say what a token is for: give --token-file")
    restrictions: tuple[Restriction, ...] = ()
    if token_file is not None:
        protocols = tuple(name.strip() for name in (restrict or _DEFAULT_RESTRICTED).split(","))
        restrictions = (Restriction(protocols, token_file, token_key or Restriction.key),)
    return ServerAccess(certificate, private_key, client_roots, restrictions, watch_certificate, watch_key)
