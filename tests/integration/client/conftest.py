"""A real Triton with models of the tests' own, which misbehave when told to."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as stock
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from visgate_client import VisionClient, _shared_memory
from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.embedded.running_server import stop_server

MODEL_CODE = Path(__file__).with_name("probe_model.py")
INPUTS = {
    "IMAGE": ("UINT8", [-1, -1, 3]),
    "STRENGTH": ("FP32", [1]),
    "SHIFT": ("INT32", [1]),
    "CHANNEL": ("STRING", [1]),
    "MIRROR": ("BOOL", [1]),
    "MODE": ("STRING", [1]),
    "SECONDS": ("FP32", [1]),
    "TIMES_LARGER": ("INT32", [1]),
    "LABEL": ("STRING", [1]),
}
OUTPUTS = {
    "PICTURE": ("UINT8", [-1, -1, 3]),
    "MASK": ("UINT8", [-1, -1, 1]),
    "TEXT": ("STRING", [1]),
    "DATA": ("STRING", [1]),
    "TIMES": ("INT64", [3]),
}
IMAGE_SCHEMA = {"type": "string", "contentMediaType": "image/*", "description": "the picture"}
INVERT_ARGUMENTS = {
    "strength": {"type": "number", "minimum": 0, "maximum": 1, "default": 1.0},
    "shift": {"type": "integer", "minimum": -100, "maximum": 100, "default": 0},
    "channel": {"type": "string", "enum": ["all", "red", "green", "blue"], "default": "all"},
    "mirror": {"type": "boolean", "default": False},
}
DATATYPES = {"number": "FP32", "integer": "INT32", "string": "BYTES", "boolean": "BOOL"}


def tool(name: str, mode: str, arguments: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A tool's entry as the wire contract has it."""
    image = {"tensor": "IMAGE", "datatype": "UINT8", "argument": "image", "max_pixels": 1 << 22}
    scalars = [
        {"tensor": key.upper(), "datatype": DATATYPES[schema["type"]], "argument": key}
        for key, schema in arguments.items()
    ]
    return {
        "name": name,
        "title": name.replace("_", " "),
        "description": f"for tests: {mode}",
        "parameters": {
            "type": "object",
            "properties": {"image": IMAGE_SCHEMA, **arguments},
            "required": ["image"],
            "additionalProperties": False,
        },
        "inputs": [image, *scalars, {"tensor": "MODE", "datatype": "BYTES", "constant": mode}],
        "outputs": [
            {"tensor": "PICTURE", "kind": "picture", "description": "the result"},
            {"tensor": "MASK", "kind": "picture", "description": "where it is bright"},
            {"tensor": "TEXT", "kind": "text"},
            {"tensor": "DATA", "kind": "data"},
            {"tensor": "TIMES", "kind": "times"},
        ],
        "examples": [name],
    }


def write_model(
    repository: Path,
    name: str,
    tools: list[dict[str, Any]],
    *,
    max_batch: int = 8,
    max_queue: int = 64,
    cached: bool = False,
) -> None:
    config = model_config_pb2.ModelConfig(name=name, backend="python", max_batch_size=max_batch)
    for tensor, (datatype, dims) in INPUTS.items():
        config.input.add(
            name=tensor,
            data_type=f"TYPE_{datatype}",
            dims=dims,
            allow_ragged_batch=tensor == "IMAGE",
            optional=tensor != "IMAGE",
        )
    for tensor, (datatype, dims) in OUTPUTS.items():
        config.output.add(name=tensor, data_type=f"TYPE_{datatype}", dims=dims)
    policy = config.dynamic_batching.default_queue_policy
    policy.allow_timeout_override = True
    policy.max_queue_size = max_queue
    config.instance_group.add(kind="KIND_CPU", count=1)
    config.response_cache.enable = cached
    config.parameters["tools"].string_value = json.dumps(tools)
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(text_format.MessageToString(config))
    shutil.copy(MODEL_CODE, folder / "1" / "model.py")


STREAM_MODEL_CODE = Path(__file__).with_name("stream_model.py")
STREAM_INPUTS = {
    "IMAGE": ("UINT8", [-1, -1, 3]),
    "COUNT": ("INT32", [1]),
    "SECONDS": ("FP32", [1]),
    "LABEL": ("STRING", [1]),
    "PREVIEW_SIDE": ("INT32", [1]),
    "PREVIEW_EVERY": ("INT32", [1]),
    "MODE": ("STRING", [1]),
}
STREAM_OUTPUTS = {name: OUTPUTS[name] for name in ("PICTURE", "TEXT", "DATA", "TIMES")} | {
    "PROGRESS": ("INT32", [2]),
    "PREVIEW": ("UINT8", [-1, -1, 3]),
}
STREAM_ARGUMENTS: dict[str, dict[str, Any]] = {
    "image": IMAGE_SCHEMA,
    "count": {"type": "integer", "default": 3},
    "seconds": {"type": "number", "default": 0},
    "label": {"type": "string", "default": ""},
    "preview_side": {"type": "integer", "default": 4},
}


def streaming_tool(name: str, mode: str) -> dict[str, Any]:
    """A tool that counts, telling its progress; each call is worked on by itself."""
    picture = {"tensor": "IMAGE", "datatype": "UINT8", "argument": "image"}
    scalars = [
        {"tensor": key.upper(), "datatype": DATATYPES[schema["type"]], "argument": key}
        for key, schema in STREAM_ARGUMENTS.items()
        if key != "image"
    ]
    return {
        "name": name,
        "description": f"for tests: {mode}",
        "parameters": {"type": "object", "properties": STREAM_ARGUMENTS, "required": []},
        "inputs": [
            picture,
            *scalars,
            {"tensor": "PREVIEW_EVERY", "datatype": "INT32", "constant": 0, "stream_constant": 2},
            {"tensor": "MODE", "datatype": "BYTES", "constant": mode},
        ],
        "outputs": [{"tensor": tensor, "kind": tensor.lower()} for tensor in STREAM_OUTPUTS],
    }


def write_streaming_model(repository: Path, name: str, tools: list[dict[str, Any]]) -> None:
    config = model_config_pb2.ModelConfig(name=name, backend="python", max_batch_size=1)
    for tensor, (datatype, dims) in STREAM_INPUTS.items():
        config.input.add(name=tensor, data_type=f"TYPE_{datatype}", dims=dims, optional=tensor != "MODE")
    for tensor, (datatype, dims) in STREAM_OUTPUTS.items():
        config.output.add(name=tensor, data_type=f"TYPE_{datatype}", dims=dims)
    config.model_transaction_policy.decoupled = True
    config.instance_group.add(kind="KIND_CPU", count=1)
    config.parameters["tools"].string_value = json.dumps(tools)
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(text_format.MessageToString(config))
    shutil.copy(STREAM_MODEL_CODE, folder / "1" / "model.py")


def write_stepper(repository: Path) -> None:
    modes = ("count", "ignore", "fail", "refuse", "busy", "stop")
    write_streaming_model(repository, "stepper", [streaming_tool(f"{mode}_steps", mode) for mode in modes])


SECONDS: dict[str, dict[str, Any]] = {"seconds": {"type": "number", "minimum": 0, "default": 1.0}}
LABEL: dict[str, dict[str, Any]] = {"label": {"type": "string", "default": ""}}
LARGER = {"times_larger": {"type": "integer", "minimum": 1, "default": 1}}


def write_probe(repository: Path) -> None:
    invert = tool("invert", "invert", INVERT_ARGUMENTS)
    write_model(
        repository,
        "probe",
        [
            invert,
            tool("slow_invert", "invert", INVERT_ARGUMENTS | SECONDS),
            tool("fail", "fail", {}),
            tool("refuse", "refuse", {}),
            tool("garble", "garble", {}),
            tool("grow", "grow", LARGER),
        ],
    )


StartServer = Callable[..., RunningServer]


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model writes what it saw."""
    return tmp_path_factory.mktemp("notes") / "notes.txt"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, notes: Path) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("probe")
    repository = folder / "models"
    write_probe(repository)
    write_model(
        repository,
        "narrow",
        [tool("slow", "slow", SECONDS | LABEL), tool("quick", "invert", {})],
        max_batch=1,
        max_queue=3,
    )
    write_stepper(repository)
    write_streaming_model(repository, "fragile_stepper", [streaming_tool("crash_steps", "crash")])
    write_model(repository, "fragile", [tool("crash", "crash", {})])
    write_model(repository, "remembering", [tool("remember", "invert", INVERT_ARGUMENTS | SECONDS)], cached=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_NOTES", str(notes))
        running = start(repository, folder / "state")
    with running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServer]:
    """A server of the test's own, to be started, killed and started again; always on the same ports."""
    monkeypatch.setenv("PROBE_NOTES", str(notes))
    write_probe(tmp_path / "models")
    write_stepper(tmp_path / "models")
    first = start(tmp_path / "models", tmp_path / "state")
    ports = first.state.ports
    first.stop()
    embedded = EmbeddedServer(
        repository=tmp_path / "models",
        grpc_port=ports.grpc,
        http_port=ports.http,
        metrics_port=ports.metrics,
        state_directory=tmp_path / "state",
    )
    yield embedded
    stop_server(embedded.directory)


def start(repository: Path, state: Path) -> RunningServer:
    return EmbeddedServer.on_free_ports(repository, state).start()


@pytest.fixture(params=[True, False], ids=["shared memory", "gRPC alone"])
def client(request: pytest.FixtureRequest, server: RunningServer) -> Iterator[VisionClient]:
    with VisionClient(server.address, timeout=120, shared_memory=request.param) as made:
        yield made


@pytest.fixture
def until_noted(notes: Path) -> Callable[[str], None]:
    """Waits for a model to note something."""

    def wait(words: str) -> None:
        end = time.monotonic() + 120
        while not (notes.exists() and words in notes.read_text()):
            assert time.monotonic() < end, f"the model never noted {words!r}"
            time.sleep(0.02)

    return wait


@pytest.fixture
def triton(server: RunningServer) -> Iterator[stock.InferenceServerClient]:
    """The stock client, to see the server as it is."""
    with stock.InferenceServerClient(server.address) as made:
        yield made


@pytest.fixture
def photo() -> np.ndarray:
    """A picture of 300 × 400 with noise in it: large enough for shared memory."""
    return np.random.default_rng(7).integers(0, 256, (300, 400, 3), np.uint8)


@pytest.fixture(autouse=True)
def region_prefix(monkeypatch: pytest.MonkeyPatch) -> str:
    """Names this test's shared memory as nobody else's, so that other clients of this host do not matter."""
    prefix = f"visgate_client_test_{secrets.token_hex(4)}_"
    monkeypatch.setattr(_shared_memory, "NAME_PREFIX", prefix)
    return prefix


@pytest.fixture
def client_regions(region_prefix: str) -> Callable[[], set[str]]:
    """Lists the files of this test's shared memory."""
    return lambda: {path.name for path in Path("/dev/shm").glob(region_prefix + "*")}
