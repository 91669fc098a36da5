"""A server in memory at the network's place: it takes and gives Triton's real protobuf messages, as bytes."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2
from tritonclient.utils import serialize_byte_tensor

from visgate_client import AsyncVisionClient, Rpc, VisionClient

IMAGE = {"type": "string", "contentMediaType": "image/*", "description": "the picture"}


def tool_entry(name: str = "blend", **changes: Any) -> dict[str, Any]:
    """A tool with every kind of argument, as a model's configuration has it."""
    entry = {
        "name": name,
        "title": "Blend",
        "description": "Blends a picture. Cannot do anything else.",
        "parameters": {
            "type": "object",
            "properties": {
                "image": IMAGE,
                "strength": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.25},
                "steps": {"type": "integer", "minimum": 1, "default": 3},
                "style": {"type": "string", "enum": ["soft", "hard"], "default": "soft"},
                "tile": {"type": "boolean", "default": True},
                "note": {"type": "string"},
            },
            "required": ["image"],
            "additionalProperties": False,
        },
        "inputs": [
            {"tensor": "IMAGE", "datatype": "UINT8", "argument": "image", "max_pixels": 1_000_000},
            {"tensor": "STRENGTH", "datatype": "FP32", "argument": "strength"},
            {"tensor": "STEPS", "datatype": "INT32", "argument": "steps"},
            {"tensor": "STYLE", "datatype": "BYTES", "argument": "style"},
            {"tensor": "TILE", "datatype": "BOOL", "argument": "tile"},
            {"tensor": "NOTE", "datatype": "BYTES", "argument": "note"},
            {"tensor": "OPERATION", "datatype": "BYTES", "constant": "blend"},
        ],
        "outputs": [
            {"tensor": "PICTURE", "kind": "picture", "description": "the blend"},
            {"tensor": "MASK", "kind": "picture", "description": "where"},
            {"tensor": "TEXT", "kind": "text"},
            {"tensor": "DATA", "kind": "data"},
            {"tensor": "TIMES", "kind": "times"},
        ],
        "examples": ["blend it"],
    }
    return entry | changes


def streaming_tool_entry() -> dict[str, Any]:
    """A tool that tells its progress, and one tensor that asks for it."""
    return {
        "name": "draw",
        "description": "Draws a picture.",
        "parameters": {
            "type": "object",
            "properties": {"prompt": {"type": "string"}, "steps": {"type": "integer", "default": 3}},
            "required": ["prompt"],
        },
        "inputs": [
            {"tensor": "PROMPT", "datatype": "BYTES", "argument": "prompt"},
            {"tensor": "STEPS", "datatype": "INT32", "argument": "steps"},
            {"tensor": "PREVIEW_EVERY", "datatype": "INT32", "constant": 0, "stream_constant": 2},
        ],
        "outputs": [
            {"tensor": "PICTURE", "kind": "picture"},
            {"tensor": "TEXT", "kind": "text"},
            {"tensor": "DATA", "kind": "data"},
            {"tensor": "TIMES", "kind": "times"},
            {"tensor": "PROGRESS", "kind": "progress"},
            {"tensor": "PREVIEW", "kind": "preview"},
        ],
    }


class RpcFailure(grpc.RpcError):
    """What gRPC raises, with the two things that are read of it."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class MemoryStream:
    """The responses of one streaming call; an exception among them is raised, a text is an error in words alone.

    Attributes:
        received: how many were asked for.
        ended: whether the last was received, or an exception.
        cancelled: whether the call was given up before it ended.
    """

    def __init__(self, responses: Iterator[dict[str, np.ndarray] | str | Exception]) -> None:
        self._responses = responses
        self.received = 0
        self.ended = False
        self.cancelled = False

    def receive(self) -> Any:
        self.received += 1
        response = next(self._responses, None)
        self.ended = response is None or isinstance(response, Exception)
        if response is None:
            return None
        if isinstance(response, Exception):
            raise response
        message = service_pb2.ModelStreamInferResponse()
        if isinstance(response, str):
            message.error_message = response
        else:
            fill_response(message.infer_response, response)
        return service_pb2.ModelStreamInferResponse.FromString(message.SerializeToString())

    def cancel(self) -> None:
        self.cancelled = self.cancelled or not self.ended


class MemoryTriton:
    """A Triton without network and models; as a transport it blocks, `awaited` is its asyncio face.

    It opens shared memory as a server does, and refuses to let go of a region in `held`.
    """

    def __init__(self) -> None:
        self.tools: dict[str, list[dict[str, Any]] | str] = {"mixer": [tool_entry()]}
        self.version = "2.51.0"
        self.sent: list[tuple[str, Any, float | None]] = []
        self.metadata: list[dict[str, str]] = []
        self.endpoints: list[int] = []
        self.failures: dict[str, list[Exception]] = {}
        self.outputs: Callable[[Any], dict[str, np.ndarray]] = self.echo
        self.regions: dict[str, mmap.mmap] = {}
        self.held: set[str] = set()
        self.closed = False
        self.lag_ns = 1000
        self.decoupled = {"painter"}
        self.drawing: Callable[[Any], Iterator[dict[str, np.ndarray] | str | Exception]] = self.draw
        self.streams: list[MemoryStream] = []

    def send(self, rpc: Rpc) -> Any:
        received = self._receive(rpc)
        if self.failures.get(rpc.method):
            raise self.failures[rpc.method].pop(0)
        response = getattr(self, rpc.method)(received)
        return type(response).FromString(response.SerializeToString())

    def open_stream(self, rpc: Rpc) -> MemoryStream:
        assert rpc.method == "ModelStreamInfer"
        self.streams.append(MemoryStream(self.drawing(self._receive(rpc))))
        return self.streams[-1]

    def _receive(self, rpc: Rpc) -> Any:
        received = type(rpc.request).FromString(rpc.request.SerializeToString())
        self.sent.append((rpc.method, received, rpc.timeout))
        self.metadata.append(dict(rpc.metadata))
        self.endpoints.append(rpc.endpoint)
        return received

    def close(self) -> None:
        self.closed = True

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.sent]

    def last(self, method: str) -> Any:
        return [request for name, request, _ in self.sent if name == method][-1]

    def fail(self, method: str, code: str, details: str) -> None:
        self.failures.setdefault(method, []).append(RpcFailure(grpc.StatusCode[code], details))

    def inputs(self, request: Any) -> dict[str, Any]:
        """The values that a request carries, wherever they are."""
        values, raw = {}, iter(request.raw_input_contents)
        for item in request.inputs:
            if "shared_memory_region" in item.parameters:
                region = self.regions[item.parameters["shared_memory_region"].string_param]
                offset = item.parameters["shared_memory_offset"].int64_param
                content = region[offset : offset + item.parameters["shared_memory_byte_size"].int64_param]
            else:
                content = next(raw)
            values[item.name] = read_tensor(item.datatype, tuple(item.shape), content)
        return values

    def echo(self, request: Any) -> dict[str, np.ndarray]:
        picture = self.inputs(request)["IMAGE"]
        return {
            "MASK": (picture[..., :1] > 127).astype(np.uint8),
            "PICTURE": 255 - picture,
            "DATA": np.array([[json.dumps({"size": picture.shape[1:3]}).encode()]], dtype=np.object_),
            "TEXT": np.array([["blended: ½".encode()]], dtype=np.object_),
            "TIMES": np.array([[time.time_ns() + self.lag_ns, 2_500_000, 4]], np.int64),
        }

    def draw(self, request: Any) -> Iterator[dict[str, np.ndarray]]:
        """Progress at every step and a preview at every so-manieth, as the request asks, and the result."""
        given = self.inputs(request)
        wanted = {item.name for item in request.outputs}
        steps, every = given["STEPS"], given["PREVIEW_EVERY"]
        for step in range(1, steps + 1):
            if every:
                preview = {"PREVIEW": np.full((1, 2, 2, 3), step, np.uint8)} if step % every == 0 else {}
                yield {"PROGRESS": np.array([[step, steps]], np.int32)} | preview
        outputs = {
            "PICTURE": np.full((1, 8, 8, 3), 200, np.uint8),
            "TEXT": np.array([[f"drew {given['PROMPT']}".encode()]], dtype=np.object_),
            "DATA": np.array([[b'{"seed": 7}']], dtype=np.object_),
            "TIMES": np.array([[time.time_ns() + self.lag_ns, 2_500_000, 4]], np.int64),
        }
        yield {name: array for name, array in outputs.items() if name in wanted}

    def ServerReady(self, request: Any) -> Any:  # noqa: N802 - Triton's names
        return service_pb2.ServerReadyResponse(ready=True)

    def ServerMetadata(self, request: Any) -> Any:  # noqa: N802
        return service_pb2.ServerMetadataResponse(
            name="triton", version=self.version, extensions=["system_shared_memory"]
        )

    def RepositoryIndex(self, request: Any) -> Any:  # noqa: N802
        response = service_pb2.RepositoryIndexResponse()
        for name in [*self.tools, "without_tools"]:
            response.models.add(name=name, version="1", state="READY")
        return response

    def ModelConfig(self, request: Any) -> Any:  # noqa: N802
        response = service_pb2.ModelConfigResponse()
        response.config.name = request.name
        response.config.model_transaction_policy.decoupled = request.name in self.decoupled
        if request.name in self.tools:
            declared = self.tools[request.name]
            text = declared if isinstance(declared, str) else json.dumps(declared)
            response.config.parameters["tools"].string_value = text
        return response

    def ModelInfer(self, request: Any) -> Any:  # noqa: N802
        wanted = {item.name: item for item in request.outputs}
        response = service_pb2.ModelInferResponse(model_name=request.model_name, model_version="1")
        for name, array in self.outputs(request).items():
            if wanted and name not in wanted:
                continue
            content = add_output(response, name, array)
            parameters = wanted[name].parameters if wanted else {}
            if "shared_memory_region" in parameters:
                size = parameters["shared_memory_byte_size"].int64_param
                if size < len(content):
                    raise RpcFailure(
                        grpc.StatusCode.INTERNAL,
                        f"shared memory size specified with the request for output '{name}' ({size} bytes) "
                        f"should be at least {len(content)} bytes to hold the results",
                    )
                self.regions[parameters["shared_memory_region"].string_param][: len(content)] = content
                content = b""
            response.raw_output_contents.append(content)
        return response

    def ModelStatistics(self, request: Any) -> Any:  # noqa: N802
        response = service_pb2.ModelStatisticsResponse()
        for version in ("1", "2"):
            entry = response.model_stats.add(name=request.name, version=version, inference_count=6, execution_count=2)
            entry.inference_stats.success.count = 5
            entry.inference_stats.fail.count = 1
            entry.inference_stats.cache_hit.count = 2
            entry.inference_stats.queue.count, entry.inference_stats.queue.ns = 4, 8_000_000
            entry.inference_stats.compute_infer.count, entry.inference_stats.compute_infer.ns = 4, 20_000_000
        return response

    def SystemSharedMemoryRegister(self, request: Any) -> Any:  # noqa: N802
        try:
            descriptor = os.open(f"/dev/shm{request.key}", os.O_RDWR)
        except FileNotFoundError:
            raise RpcFailure(
                grpc.StatusCode.INTERNAL, f"Unable to open shared memory region: '{request.key}'"
            ) from None
        self.regions[request.name] = mmap.mmap(descriptor, request.byte_size)
        os.close(descriptor)
        return service_pb2.SystemSharedMemoryRegisterResponse()

    def SystemSharedMemoryUnregister(self, request: Any) -> Any:  # noqa: N802
        assert request.name, "an empty name unregisters everybody's regions"
        if request.name in self.held:
            raise RpcFailure(
                grpc.StatusCode.INTERNAL,
                f"Cannot unregister shared memory region '{request.name}', it is currently in use.",
            )
        self.regions.pop(request.name, None)
        return service_pb2.SystemSharedMemoryUnregisterResponse()

    def SystemSharedMemoryStatus(self, request: Any) -> Any:  # noqa: N802
        response = service_pb2.SystemSharedMemoryStatusResponse()
        for name, region in self.regions.items():
            response.regions[name].name = name
            response.regions[name].byte_size = len(region)
        return response


class AwaitedTriton:
    """The same server for an asyncio client."""

    def __init__(self, server: MemoryTriton) -> None:
        self._server = server

    async def send(self, rpc: Rpc) -> Any:
        await asyncio.sleep(0)
        return self._server.send(rpc)

    async def open_stream(self, rpc: Rpc) -> AwaitedStream:
        return AwaitedStream(self._server.open_stream(rpc))

    async def close(self) -> None:
        self._server.close()


class AwaitedStream:
    """The same stream for an asyncio client."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    async def receive(self) -> Any:
        await asyncio.sleep(0)
        return self._stream.receive()

    def cancel(self) -> None:
        self._stream.cancel()


class AwaitedClient:
    """An `AsyncVisionClient` that is called like a `VisionClient`, so that one test serves both."""

    def __init__(self, *args: Any, transport: MemoryTriton, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncVisionClient(*args, transport=AwaitedTriton(transport), **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *args, **options: self._loop.run_until_complete(method(*args, **options))

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        """The asynchronous generator as a plain one, which closes it when it is closed itself."""
        items = self._client.stream(*args, **options)
        try:
            while True:
                yield self._loop.run_until_complete(anext(items))
        except StopAsyncIteration:
            return
        finally:
            self._loop.run_until_complete(items.aclose())

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._client.close())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


MakeClient = Callable[..., Any]


@pytest.fixture
def triton() -> MemoryTriton:
    return MemoryTriton()


@pytest.fixture(params=[VisionClient, AwaitedClient], ids=["blocking", "asyncio"])
def make_client(request: pytest.FixtureRequest, triton: MemoryTriton) -> Iterator[MakeClient]:
    """Makes clients of either face on the server in memory."""
    made = []

    def make(server: str = "localhost:8001", **options: Any) -> Any:
        made.append(request.param(server, transport=triton, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Any:
    return make_client(shared_memory=False)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (160, 120, 3), np.uint8)


def add_output(response: Any, name: str, array: np.ndarray) -> bytes:
    """Declares an output and returns its bytes."""
    integers = {4: "INT32", 8: "INT64"}
    datatype = {"u": "UINT8", "i": integers.get(array.itemsize), "f": "FP32", "O": "BYTES"}[array.dtype.kind]
    response.outputs.add(name=name, datatype=datatype, shape=array.shape)
    return serialize_byte_tensor(array).item() if datatype == "BYTES" else array.tobytes()


def fill_response(response: Any, arrays: dict[str, np.ndarray]) -> None:
    response.model_name = "painter"
    for name, array in arrays.items():
        response.raw_output_contents.append(add_output(response, name, array))


def read_tensor(datatype: str, shape: tuple[int, ...], content: bytes) -> Any:
    if datatype == "BYTES":
        length = int.from_bytes(content[:4], "little")
        assert len(content) == 4 + length
        return content[4:].decode()
    dtype = {"UINT8": np.uint8, "FP32": np.float32, "INT32": np.int32, "BOOL": np.bool_}[datatype]
    array = np.frombuffer(content, dtype).reshape(shape)
    return array if array.ndim == 4 else array.reshape(1)[0].item()
