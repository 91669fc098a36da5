"""Serves the echo model for the client's benchmarks, and kills and starts its server anew; measures nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.embedded.running_server import stop_server

MODEL = TOOL = "echo"
TENSOR = "IMAGE"
"""Its picture's name, on the way there and back."""
_MODEL_CODE = Path(__file__).with_name("client_echo_model.py")


class EchoServer:
    """A Triton with the echo model, always on the same ports."""

    def __init__(self, folder: Path) -> None:
        """Starts it.

        Args:
            folder: an empty folder for the model and the server's state.
        """
        _write_model(folder / "models")
        first = EmbeddedServer.on_free_ports(folder / "models", folder / "state").start()
        ports = first.state.ports
        first.stop()
        self._embedded = EmbeddedServer(
            repository=folder / "models",
            grpc_port=ports.grpc,
            http_port=ports.http,
            metrics_port=ports.metrics,
            state_directory=folder / "state",
        )
        self._running: RunningServer = self._embedded.start()
        self.address = self._running.address

    def kill(self) -> None:
        """Ends it as a crash would."""
        os.kill(self._running.pid, signal.SIGKILL)

    def start(self) -> None:
        """Starts it again after `kill`."""
        self._running = self._embedded.start()

    def stop(self) -> None:
        """Stops it, however it is."""
        stop_server(self._embedded.directory)


@contextmanager
def echo_server() -> Iterator[EchoServer]:
    """Runs a server for the time of a block."""
    with tempfile.TemporaryDirectory() as folder:
        server = EchoServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _write_model(repository: Path) -> None:
    config = model_config_pb2.ModelConfig(name=MODEL, backend="python", max_batch_size=8)
    config.input.add(name=TENSOR, data_type="TYPE_UINT8", dims=[-1, -1, 3], allow_ragged_batch=True)
    config.output.add(name=TENSOR, data_type="TYPE_UINT8", dims=[-1, -1, 3])
    policy = config.dynamic_batching.default_queue_policy
    policy.allow_timeout_override = True
    policy.max_queue_size = 256
    config.instance_group.add(kind="KIND_CPU", count=1)
    tool = {
        "name": TOOL,
        "description": "Answers with the picture that it was given.",
        "parameters": {
            "type": "object",
            "properties": {"image": {"type": "string", "contentMediaType": "image/*"}},
            "required": ["image"],
            "additionalProperties": False,
        },
        "inputs": [{"tensor": TENSOR, "datatype": "UINT8", "argument": "image"}],
        "outputs": [{"tensor": TENSOR, "kind": "picture"}],
    }
    config.parameters["tools"].string_value = json.dumps([tool])
    folder = repository / MODEL
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(text_format.MessageToString(config))
    shutil.copy(_MODEL_CODE, folder / "1" / "model.py")
