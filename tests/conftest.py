"""One real Triton for the whole run: the repository as `make models` left it, on ports of its own."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from visgate_client import ModelStatistics, VisionClient
from visgate_server.embedded import EmbeddedServer, RunningServer

ROOT = Path(__file__).parents[1]
SERVES_PROBES = ROOT / "tests" / "integration" / "client"
"""Its tests have a `server` of their own."""
NEEDS_NO_SERVER = ROOT / "tests" / "integration" / "export"
"""Its tests stand with those of the one Triton, which take less time than the others."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks the tests that use the run's one Triton: `make test` runs them beside the others.

    The others mostly wait for servers of their own to start, to be killed and to stop, so neither loses much by the
    company of the other.
    """
    has_server = "server" in getattr(item, "fixturenames", ()) and SERVES_PROBES not in item.path.parents
    if has_server or NEEDS_NO_SERVER in item.path.parents:
        item.add_marker("one_triton")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("triton")
    with EmbeddedServer.on_free_ports(ROOT / "model_repository", folder).start() as running:
        yield running


@pytest.fixture(scope="session")
def client(server: RunningServer) -> Iterator[VisionClient]:
    with VisionClient(server.address) as vision_client:
        yield vision_client


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


Settled = Callable[[VisionClient, str], ModelStatistics]


@pytest.fixture
def settled() -> Settled:
    """Reads a model's statistics when they stand still: Triton counts a request some time after it has answered."""

    def read(client: VisionClient, model: str) -> ModelStatistics:
        seen = client.statistics(model)
        for _ in range(50):
            time.sleep(0.2)
            before, seen = seen, client.statistics(model)
            if before == seen:
                break
        return seen

    return read
