"""No server, and a server that dies in the middle of a call."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from visgate_client import ConnectError, ServerLostError, VisionClient
from visgate_server.embedded import EmbeddedServer

ROOT = Path(__file__).parents[2]


def test_no_server_says_where_and_how_to_start_one(unused_port: int) -> None:
    with VisionClient(f"localhost:{unused_port}", timeout=5) as client, pytest.raises(ConnectError) as error:
        client.call("detect_edges", image=np.zeros((8, 8, 3), np.uint8))
    assert str(unused_port) in str(error.value)
    assert "visgate-server start" in str(error.value)


def test_a_server_killed_in_mid_call_is_told_apart_and_can_be_started_again(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "model_repository" / "upscale_image", repository / "upscale_image")
    embedded = EmbeddedServer.on_free_ports(repository, tmp_path / "state")
    running = embedded.start()
    outcome: list[BaseException | str] = []
    about_to_call = threading.Event()

    def call() -> None:
        with VisionClient(running.address, timeout=60) as client:
            client.tools()
            about_to_call.set()
            try:
                outcome.append(client.call("upscale_image", image=np.zeros((500, 500, 3), np.uint8)).text)
            except Exception as error:  # noqa: BLE001 - whatever came is looked at below
                outcome.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert about_to_call.wait(60)
    time.sleep(1.0)
    assert not outcome, "the call must still be running when the server dies"
    killed = psutil.Process(running.pid)
    stubs = killed.children(recursive=True)
    killed.kill()
    caller.join(70)
    assert len(outcome) == 1
    assert isinstance(outcome[0], ServerLostError), outcome[0]

    running.stop()
    assert not any(stub.is_running() and stub.status() != psutil.STATUS_ZOMBIE for stub in stubs)
    with embedded.start() as again, VisionClient(again.address) as client:
        assert client.call("upscale_image", image=np.zeros((8, 8, 3), np.uint8)).image.size == (32, 32)
