"""Chooses the server's ports and finds out who holds one that is taken; knows nothing about Triton."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psutil

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The three ports of a server; 0 stands for one that is to be chosen."""

    grpc: int = 8001
    http: int = 8000
    metrics: int = 8002

    def named(self) -> Iterator[tuple[str, int]]:
        """Each port with the name that a person knows it by."""
        yield "gRPC", self.grpc
        yield "HTTP", self.http
        yield "metrics", self.metrics

    @property
    def any_to_choose(self) -> bool:
        """Whether one is still to be chosen."""
        return 0 in (self.grpc, self.http, self.metrics)

    def chosen(self) -> Ports:
        """The same ports with a free one for each 0. Nothing keeps them free: use them at once."""
        with ExitStack() as held:
            return Ports(*(port or _hold_free_port(held) for _, port in self.named()))


def _hold_free_port(held: ExitStack) -> int:
    # Held until all are chosen, or the system may give the same one twice.
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.bind((LOOPBACK, 0))
    port: int = listener.getsockname()[1]
    return port


@dataclass(frozen=True)
class PortUse:
    """Whether a port can be listened on.

    Attributes:
        name: what the port is for.
        port: its number; 0 where a free one will be chosen.
        reason: why it cannot be listened on; empty if it can.
        pid: the process that listens on it; None if nobody does or the system does not say.
        process: that process's name; empty where it is not known.
    """

    name: str
    port: int
    reason: str = ""
    pid: int | None = None
    process: str = ""


def examine_port(name: str, port: int) -> PortUse:
    """Tries to listen on a loopback port for a moment, and looks for who does if that fails."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            # As Triton does: a connection that is only being forgotten does not count as taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _taken_port(name, port)
        return PortUse(name, port, reason=error.strerror or str(error))
    except OverflowError:
        return PortUse(name, port, reason="is not a port number (1 to 65535)")
    return PortUse(name, port)


def _taken_port(name: str, port: int) -> PortUse:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        connections = []
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        if listens and connection.pid and _covers_loopback(connection.laddr.ip):
            return PortUse(name, port, "is taken", connection.pid, _process_name(connection.pid))
    return PortUse(name, port, "is taken")


def _covers_loopback(address: str) -> bool:
    """Whether who listens at `address` gets what is sent to 127.0.0.1."""
    parsed = ipaddress.ip_address(address)
    # gRPC listens through an IPv6 socket: 127.0.0.1 shows as ::ffff:127.0.0.1.
    plain = getattr(parsed, "ipv4_mapped", None) or parsed
    return plain.is_unspecified or str(plain) == LOOPBACK


def _process_name(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        # Threads of an interpreter are all called "python": its arguments say which program it is.
        return " ".join(command)[:80] if command else str(process.name())
    except psutil.Error:
        return ""


def port_answers(port: int, timeout_s: float = 0.5) -> bool:
    """Whether anything accepts a connection on the loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False
