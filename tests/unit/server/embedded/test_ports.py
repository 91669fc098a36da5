"""Ports are tried for real, on the loopback address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from visgate_server.embedded.ports import LOOPBACK, Ports, examine_port, port_answers


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        yield listening


def test_a_taken_port_is_seen_with_the_process_that_has_it(listener: socket.socket) -> None:
    program = (
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1]); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-uc", program, "a_program"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        theirs, mine = examine_port("gRPC", port), examine_port("HTTP", listener.getsockname()[1])
        other.kill()
    assert (theirs.reason, theirs.pid) == ("is taken", other.pid)
    assert (mine.reason, mine.pid) == ("is taken", os.getpid())
    assert "python" in theirs.process


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::"),
        # How gRPC servers, and so Triton, listen.
        (socket.AF_INET6, "::ffff:127.0.0.1"),
    ],
)
def test_a_port_is_taken_by_whoever_covers_the_loopback_address(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as other:
        if family is socket.AF_INET6:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        other.bind((address, 0))
        other.listen()
        assert examine_port("HTTP", other.getsockname()[1]).pid == os.getpid()


def test_a_port_is_free_again_after_its_listener_is_gone(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert examine_port("gRPC", port).reason == ""


def test_a_number_that_is_no_port_is_refused_and_not_a_crash() -> None:
    assert examine_port("gRPC", 70000).reason


def test_free_ports_are_chosen_for_zeros_only() -> None:
    chosen = Ports(grpc=0, http=12345, metrics=0).chosen()
    assert chosen.http == 12345
    assert 0 not in (chosen.grpc, chosen.metrics)
    assert chosen.grpc != chosen.metrics
    assert examine_port("gRPC", chosen.grpc).reason == ""


def test_an_answering_port_is_told_from_a_silent_one(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert port_answers(port)
    listener.close()
    assert not port_answers(port)
