"""A gRPC server of the tests' own that speaks Triton's protocol with the answers of `MemoryTriton`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from .conftest import MemoryTriton, RpcFailure

GIVEN_UP_SECONDS = 20.0


class Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):
    """Answers as `triton` does, once a request has `required` among its headers.

    Attributes:
        headers: those of every request, as they came.
        release: until it is set, inferences hang.
        given_up: set when the client gave up an inference that hung.
    """

    def __init__(self, triton: MemoryTriton, required: tuple[str, str] | None = None) -> None:
        self.triton = triton
        self.required = required
        self.headers: list[dict[str, str]] = []
        self.release = threading.Event()
        self.release.set()
        self.began = threading.Event()
        self.given_up = threading.Event()

    def __getattribute__(self, name: str) -> Any:
        if name in ("ServerReady", "ServerMetadata", "RepositoryIndex", "ModelConfig", "ModelInfer", "ModelStatistics"):
            return lambda request, context: self.answer(name, request, context)
        return super().__getattribute__(name)

    def ModelStreamInfer(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        yield service_pb2.ModelStreamInferResponse(infer_response=self.answer("ModelInfer", next(requests), context))

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        headers = {name: str(value) for name, value in context.invocation_metadata()}
        self.headers.append(headers)
        if self.required is not None and headers.get(self.required[0]) != self.required[1]:
            context.abort(
                grpc.StatusCode.UNAVAILABLE, f"This protocol is restricted, expecting header '{self.required[0]}'"
            )
        if method == "ModelInfer" and not self.release.is_set():
            context.add_callback(self.given_up.set)
            self.began.set()
            self.release.wait(GIVEN_UP_SECONDS)
        try:
            return getattr(self.triton, method)(request)
        except RpcFailure as failure:
            context.abort(failure.code(), failure.details())


@contextmanager
def serving(servicer: Servicer, credentials: Any = None, compression: Any = None) -> Iterator[int]:
    """Runs the server; gives its port."""
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    add: Callable[..., int] = server.add_insecure_port if credentials is None else server.add_secure_port
    port = add("localhost:0", *(() if credentials is None else (credentials,)))
    server.start()
    try:
        yield port
    finally:
        servicer.release.set()
        server.stop(0).wait(5)
