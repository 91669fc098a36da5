"""Options given to a channel replace all of a library's own, so all that matter have to be there."""

from __future__ import annotations

import pytest

from visgate_client._address import parse_address
from visgate_client._channel import channel_options


@pytest.mark.parametrize("server", ["localhost:8001", "gpu.example:8001"])
def test_pictures_of_any_size_pass_both_ways_and_a_server_that_restarts_is_found_in_a_second(server: str) -> None:
    options = dict(channel_options(parse_address(server)))
    assert options["grpc.max_send_message_length"] == options["grpc.max_receive_message_length"] == 2**31 - 1
    assert options["grpc.max_reconnect_backoff_ms"] <= 1000
    assert options["grpc.min_reconnect_backoff_ms"] <= 1000


def test_only_servers_of_this_host_are_reached_around_a_proxy() -> None:
    assert dict(channel_options(parse_address("127.0.0.1:1")))["grpc.enable_http_proxy"] == 0
    assert "grpc.enable_http_proxy" not in dict(channel_options(parse_address("gpu.example:1")))
