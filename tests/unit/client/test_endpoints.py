"""Several servers get the calls in turn while they are ready; one that fails is left alone for a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from visgate_client import ArgumentError, ConnectError, Retries, Rpc, ServerLostError

from .conftest import MemoryTriton, RpcFailure

THREE = ["one.example:8001", "two.example:8001", "three.example:8001"]


class Cluster(MemoryTriton):
    """Several servers: some cannot be reached, some are not ready, some lose calls under way."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[int] = set()
        self.unready: set[int] = set()
        self.losing: set[int] = set()
        self.log: list[tuple[str, int]] = []

    def send(self, rpc: Rpc) -> Any:
        self.log.append((rpc.method, rpc.endpoint))
        if rpc.endpoint in self.down:
            raise RpcFailure(grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses; last error: refused")
        if rpc.endpoint in self.losing and rpc.method == "ModelInfer":
            raise RpcFailure(grpc.StatusCode.UNAVAILABLE, "Stream removed (Socket closed)")
        response = super().send(rpc)
        if rpc.method == "ServerReady":
            response.ready = rpc.endpoint not in self.unready
        return response

    def served(self) -> Counter[int]:
        return Counter(endpoint for method, endpoint in self.log if method == "ModelInfer")


@pytest.fixture
def triton() -> Cluster:
    return Cluster()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("visgate_client._endpoints.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def client(make_client: Callable[..., Any], triton: Cluster, clock: list[float]) -> Any:
    client = make_client(THREE)
    client.tools()
    triton.log.clear()
    return client


def test_calls_go_round(client: Any, triton: Cluster, picture: np.ndarray) -> None:
    for _ in range(9):
        client.call("blend", image=picture)
    assert triton.served() == {0: 3, 1: 3, 2: 3}
    assert "SystemSharedMemoryRegister" not in triton.methods(), "memory is shared with one server only"


def test_a_server_that_cannot_be_reached_costs_no_call(
    client: Any, triton: Cluster, picture: np.ndarray, clock: list[float]
) -> None:
    triton.down = {1}
    for _ in range(8):
        np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert sum(endpoint == 1 for _, endpoint in triton.log) == 1, "it is left alone after the first failure"
    triton.down = set()
    triton.log.clear()
    clock[0] += 2
    for _ in range(6):
        client.call("blend", image=picture)
    assert triton.served() == {0: 2, 1: 2, 2: 2}
    assert ("ServerReady", 1) in triton.log, "it is asked before it gets a call"


def test_a_server_that_is_not_ready_gets_no_calls(
    client: Any, triton: Cluster, picture: np.ndarray, clock: list[float]
) -> None:
    triton.unready = {0, 2}
    clock[0] += 10  # what was known of them is old
    for _ in range(4):
        client.call("blend", image=picture)
    assert triton.served() == {1: 4}


def test_rests_grow_while_a_server_stays_away(
    client: Any, triton: Cluster, picture: np.ndarray, clock: list[float]
) -> None:
    triton.down = {1}
    tried = []
    for second in range(60):
        before = len(triton.log)
        for _ in range(3):
            client.call("blend", image=picture)
        if any(endpoint == 1 for _, endpoint in triton.log[before:]):
            tried.append(second)
        clock[0] += 1
    assert 3 <= len(tried) <= 7
    gaps = np.diff(tried)
    assert gaps[-1] >= 2 * gaps[0]


def test_a_call_that_may_have_run_is_not_sent_to_another(client: Any, triton: Cluster, picture: np.ndarray) -> None:
    triton.losing = {0, 1, 2}
    with pytest.raises(ServerLostError, match=r"one\.example:8001, two\.example:8001, three\.example:8001"):
        client.call("blend", image=picture)
    assert sum(triton.served().values()) == 1


def test_where_all_are_gone_the_error_names_them_all(
    make_client: Callable[..., Any], triton: Cluster, picture: np.ndarray, clock: list[float]
) -> None:
    client = make_client(THREE, retries=Retries(attempts=1))
    client.tools()
    triton.down = {0, 1, 2}
    with pytest.raises(ConnectError, match=r"one\.example:8001, two\.example:8001, three\.example:8001"):
        client.call("blend", image=picture)
    assert client.is_ready() is False
    triton.down = {0, 1}
    assert client.call("blend", image=picture).tool == "blend"


def test_addresses_are_given_as_one_text_too(make_client: Callable[..., Any], triton: Cluster) -> None:
    client = make_client("one.example, two.example:9")
    for _ in range(2):
        client.statistics("mixer")
    assert {endpoint for _, endpoint in triton.log} == {0, 1}
    with pytest.raises(ArgumentError, match="HOST:PORT"):
        make_client([])
    with pytest.raises(ArgumentError, match="HOST:PORT"):
        make_client("one.example,,")


def test_one_server_is_not_asked_whether_it_is_ready(
    make_client: Callable[..., Any], triton: Cluster, picture: np.ndarray
) -> None:
    make_client("one.example").call("blend", image=picture)
    assert "ServerReady" not in triton.methods()
