"""Reads server addresses and tells which are on this host; opens no connection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from visgate_client.errors import ArgumentError

DEFAULT_GRPC_PORT = 8001

_DNS = "dns:///"
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

    @property
    def is_balanced(self) -> bool:
        """Whether it is a name behind which gRPC looks for several servers."""
        return self.target.startswith(_DNS)


def parse_addresses(servers: str | Sequence[str]) -> tuple[ServerAddress, ...]:
    """Reads one address, several with commas between them, or a sequence of them.

    Raises:
        ArgumentError: there is none, or one of them is no address.
    """
    texts = servers.split(",") if isinstance(servers, str) else list(servers)
    if not texts:
        raise _no_address("")
    return tuple(dict.fromkeys(parse_address(text.strip()) for text in texts))


def parse_address(server: str) -> ServerAddress:
    """Reads ``HOST``, ``HOST:PORT``, ``[IPv6]:PORT``, ``unix:PATH`` or ``dns:///HOST:PORT``.

    Raises:
        ArgumentError: the text is none of these.
    """
    if server.startswith("unix:"):
        return ServerAddress(server, on_this_host=True)
    scheme, rest = (_DNS, server[len(_DNS) :]) if server.startswith(_DNS) else ("", server)
    match = _HOST_AND_PORT.match(rest)
    port = int(match["port"] or DEFAULT_GRPC_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise _no_address(server)
    # Behind a name may stand several servers, of which a region of memory would be known to one.
    on_this_host = not scheme and _is_loopback(match["host"])
    return ServerAddress(f"{scheme}{match['host']}:{port}", on_this_host)


def _no_address(server: str) -> ArgumentError:
    return ArgumentError(
        f"server: {server!r} is not an address; give HOST:PORT of the server's gRPC port, "
        f"as in localhost:{DEFAULT_GRPC_PORT}, with no http:// before it",
        path="server",
        expected="HOST:PORT",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
