from __future__ import annotations

import pytest

from visgate_client import ArgumentError
from visgate_client._address import parse_address


@pytest.mark.parametrize(
    ("server", "target", "on_this_host"),
    [
        ("localhost:8001", "localhost:8001", True),
        ("localhost", "localhost:8001", True),
        ("127.0.0.1:9", "127.0.0.1:9", True),
        ("127.3.2.1:65535", "127.3.2.1:65535", True),
        ("[::1]:8001", "[::1]:8001", True),
        ("unix:/run/triton.sock", "unix:/run/triton.sock", True),
        ("dns:///gpu.example:8001", "dns:///gpu.example:8001", False),
        ("gpu.example:8001", "gpu.example:8001", False),
        ("10.0.0.1", "10.0.0.1:8001", False),
        ("[2001:db8::1]:443", "[2001:db8::1]:443", False),
        ("localhost.example:8001", "localhost.example:8001", False),
    ],
)
def test_addresses(server: str, target: str, on_this_host: bool) -> None:
    address = parse_address(server)
    assert (address.target, address.on_this_host) == (target, on_this_host)


@pytest.mark.parametrize(
    "server", ["", "http://localhost:8001", "localhost:", "localhost:0", "host:70000", "a b:1", "::1"]
)
def test_what_is_no_address_is_refused_with_an_example(server: str) -> None:
    with pytest.raises(ArgumentError, match="HOST:PORT") as error:
        parse_address(server)
    assert error.value.path == "server"
