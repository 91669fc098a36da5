"""Reads server addresses and tells which are on this host; opens no connection."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from visgate_client.errors import ArgumentError

DEFAULT_GRPC_PORT = 8001

_HOST_AND_PORT = re.compile(r"^(?P<host>\[[^\]]+\]|[^:\[\]/\s]+)(:(?P<port>\d{1,5}))?$")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens.

    Attributes:
        target: the address in gRPC's own naming, as in ``localhost:8001``.
        on_this_host: the address is a loopback one, so both sides share a clock and perhaps memory.
    """

    target: str
    on_this_host: bool


def parse_address(server: str) -> ServerAddress:
    """Reads ``HOST``, ``HOST:PORT``, ``[IPv6]:PORT``, ``unix:PATH`` or ``dns:///HOST:PORT``.

    Raises:
        ArgumentError: the text is none of these.
    """
    if server.startswith("unix:"):
        return ServerAddress(server, on_this_host=True)
    scheme, rest = ("dns:///", server[len("dns:///") :]) if server.startswith("dns:///") else ("", server)
    match = _HOST_AND_PORT.match(rest)
    port = int(match["port"] or DEFAULT_GRPC_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise ArgumentError(
            f"server: {server!r} is not an address; give HOST:PORT of the server's gRPC port, "
            f"as in localhost:{DEFAULT_GRPC_PORT}, with no http:// before it",
            path="server",
            expected="HOST:PORT",
        )
    return ServerAddress(f"{scheme}{match['host']}:{port}", on_this_host=_is_loopback(match["host"]))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
