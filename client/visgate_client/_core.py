"""What a client does, once for both faces: each method describes its steps and waits for nothing itself."""

from __future__ import annotations

import difflib
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2

from visgate_client._address import parse_address
from visgate_client._decoding import read_response, read_result, read_times
from visgate_client._encoding import Tensor, build_request, encode_arguments, encode_arrays, picture_pixels
from visgate_client._error_mapping import deadline_error, is_output_too_large, is_unknown_region, translate
from visgate_client._output_sizes import OutputSizes
from visgate_client._results import ToolResult
from visgate_client._schema import check_arguments
from visgate_client._server_memory import Lease, ServerMemory
from visgate_client._statistics import ModelStatistics, read_statistics
from visgate_client._steps import Offload, Rpc, Steps
from visgate_client._tools import Tool, collect_tools, is_picture
from visgate_client.errors import (
    ArgumentError,
    ClientStateError,
    ConnectError,
    DeadlineError,
    ServerBusyError,
    ServerLostError,
    UnknownModelError,
    UnknownToolError,
)

_LOGGER = logging.getLogger("visgate_client")
_TOOLS_PARAMETER = "tools"


@dataclass(frozen=True, slots=True)
class _Deadline:
    """When a whole call, made of several remote ones, has to be over."""

    seconds: float | None
    at: float

    @classmethod
    def after(cls, seconds: float) -> _Deadline:
        """Starts the clock; infinity means no limit."""
        if not isinstance(seconds, int | float) or not seconds > 0:  # "not >" catches NaN too
            raise ArgumentError(
                f"timeout: {seconds!r} is no time; give seconds, more than 0, or math.inf for no limit",
                path="timeout",
                expected="seconds, more than 0",
            )
        return cls(None if math.isinf(seconds) else seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float | None:
        """The seconds left, which may be none or fewer; None for no limit."""
        return None if self.seconds is None else self.at - time.monotonic()


@dataclass(frozen=True, slots=True)
class _Inference:
    """One request to a model.

    Attributes:
        model: the model's name.
        tensors: its inputs.
        outputs: the outputs wanted; none named means all.
        sizes_of: under which name the sizes of the outputs are remembered; empty for not at all.
    """

    model: str
    tensors: tuple[Tensor, ...]
    outputs: tuple[str, ...] = ()
    sizes_of: str = ""

    @property
    def pixels(self) -> int:
        """The pixels of its pictures."""
        return picture_pixels(self.tensors)


class ClientCore:
    """The state of one client, and everything that it does as steps; safe in threads."""

    def __init__(self, server: str, *, timeout: float, shared_memory: bool) -> None:
        self.address = parse_address(server)
        self.timeout = timeout
        _Deadline.after(timeout)
        self._memory = ServerMemory(wanted=shared_memory and self.address.on_this_host)
        self._output_sizes = OutputSizes()
        self._tools: dict[str, Tool] | None = None
        self._closed = False

    def tools(self, *, refresh: bool, timeout: float | None) -> Steps[tuple[Tool, ...]]:
        """Reads the tools of every model that is ready, or returns those read before."""
        deadline = self._begin(timeout)
        known = self._tools
        if known is None or refresh:
            known = yield from self._read_tools(deadline)
        return tuple(known.values())

    def call(self, name: str, arguments: Mapping[str, Any], timeout: float | None) -> Steps[ToolResult]:
        """Calls a tool."""
        began = time.perf_counter()
        deadline = self._begin(timeout)
        tool = yield from self._find_tool(name, deadline)
        inference = yield from self._encode(tool, arguments)
        try:
            arrays, sent_ns = yield from self._infer(inference, deadline)
        except UnknownModelError:
            # It was there when the tools were read. Nothing ran, so the call can be made again elsewhere.
            self._tools = None
            tool = yield from self._find_tool(name, deadline)
            inference = yield from self._encode(tool, arguments)
            arrays, sent_ns = yield from self._infer(inference, deadline)
        times = read_times(
            tool,
            arrays,
            sent_ns=sent_ns,
            total_ms=(time.perf_counter() - began) * 1e3,
            same_clock=self.address.on_this_host,
        )
        return read_result(tool, arrays, times)

    def infer(
        self, model: str, inputs: Mapping[str, npt.ArrayLike], timeout: float | None
    ) -> Steps[dict[str, npt.NDArray[Any]]]:
        """Sends arrays to a model as they are."""
        deadline = self._begin(timeout)
        arrays, _ = yield from self._infer(_Inference(model, tuple(encode_arrays(inputs))), deadline)
        return arrays

    def statistics(self, model: str, timeout: float | None) -> Steps[ModelStatistics]:
        """Reads what the server counted about a model."""
        deadline = self._begin(timeout)
        request = service_pb2.ModelStatisticsRequest(name=model)
        response = yield from self._ask("ModelStatistics", request, deadline, model)
        return read_statistics(model, response)

    def is_ready(self, timeout: float | None) -> Steps[bool]:
        """Tells whether the server is there and all its models are loaded."""
        deadline = self._begin(timeout)
        try:
            response = yield from self._ask("ServerReady", service_pb2.ServerReadyRequest(), deadline)
        except (ConnectError, ServerLostError, ServerBusyError, DeadlineError):
            return False
        return bool(response.ready)

    def close(self) -> Steps[None]:
        """Gives the shared memory back; every later use is an error."""
        if not self._closed:
            self._closed = True
            yield from self._memory.close()

    def _begin(self, timeout: float | None) -> _Deadline:
        if self._closed:
            raise ClientStateError("the client is closed; make a new one")
        return _Deadline.after(self.timeout if timeout is None else timeout)

    def _read_tools(self, deadline: _Deadline) -> Steps[dict[str, Tool]]:
        request = service_pb2.RepositoryIndexRequest(ready=True)
        index = yield from self._ask("RepositoryIndex", request, deadline)
        declared = []
        for model in sorted({entry.name for entry in index.models}):
            try:
                request = service_pb2.ModelConfigRequest(name=model)
                response = yield from self._ask("ModelConfig", request, deadline, model)
            except UnknownModelError:
                continue  # unloaded since the index was read
            if _TOOLS_PARAMETER in response.config.parameters:
                declared.append((model, response.config.parameters[_TOOLS_PARAMETER].string_value))
        self._tools = collect_tools(declared)
        return self._tools

    def _find_tool(self, name: str, deadline: _Deadline) -> Steps[Tool]:
        known = self._tools
        if known is None or name not in known:
            known = yield from self._read_tools(deadline)
        if name not in known:
            near = tuple(difflib.get_close_matches(str(name), known, n=3, cutoff=0.5))
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise UnknownToolError(
                f"server {self.address.target} offers no tool {name!r}; {hint}", name=name, near=near
            )
        return known[name]

    def _encode(self, tool: Tool, arguments: Mapping[str, Any]) -> Steps[_Inference]:
        values = check_arguments(tool, arguments)
        if any(_takes_reading(values[name]) for name in values if is_picture(tool.properties[name])):
            tensors = yield Offload(lambda: encode_arguments(tool, values))
        else:
            tensors = encode_arguments(tool, values)
        outputs = tuple(output.tensor for output in tool.outputs)
        return _Inference(tool.model, tuple(tensors), outputs, sizes_of=tool.name)

    def _infer(self, inference: _Inference, deadline: _Deadline) -> Steps[tuple[dict[str, npt.NDArray[Any]], int]]:
        """Sends a request and returns the outputs and the unix time in ns when it was sent."""
        try:
            return (yield from self._infer_with_memory(inference, deadline))
        except grpc.RpcError as error:
            if is_unknown_region(error):
                # The server was started again since, and asks for the region before it runs anything.
                _LOGGER.debug("the server forgot this client's shared memory: %s", error.details())
                self._memory.forget_registrations()
            elif is_output_too_large(error):
                # The tool did run, and runs again: tools compute and change nothing.
                _LOGGER.debug("an output was larger than before: %s", error.details())
            else:
                raise self._translated(error, inference.model, deadline) from error
        try:
            return (yield from self._exchange(inference, Lease(), deadline))
        except grpc.RpcError as error:
            raise self._translated(error, inference.model, deadline) from error

    def _infer_with_memory(
        self, inference: _Inference, deadline: _Deadline
    ) -> Steps[tuple[dict[str, npt.NDArray[Any]], int]]:
        lease = yield from self._memory.lease(
            inputs={tensor.name: tensor.byte_size for tensor in inference.tensors},
            outputs=self._output_sizes.expect(inference.sizes_of, inference.pixels),
            timeout=deadline.left,
        )
        try:
            arrays, sent_ns = yield from self._exchange(inference, lease, deadline)
        except BaseException:
            self._memory.suspect(lease)
            raise
        self._memory.release(lease)
        return arrays, sent_ns

    def _exchange(
        self, inference: _Inference, lease: Lease, deadline: _Deadline
    ) -> Steps[tuple[dict[str, npt.NDArray[Any]], int]]:
        for tensor in inference.tensors:
            if tensor.name in lease.inputs:
                lease.inputs[tensor.name].write(tensor.values)
        left = deadline.left
        if left is not None and left <= 0:
            raise deadline_error(self.address.target, inference.model, deadline.seconds)
        sent_ns = time.time_ns()
        request = build_request(
            inference.model,
            inference.tensors,
            inference.outputs,
            timeout=left,
            input_regions=lease.inputs,
            output_regions=lease.outputs,
        )
        response = yield Rpc("ModelInfer", request, left)
        arrays = read_response(response, lease.outputs)
        if inference.sizes_of:
            self._output_sizes.learn(inference.sizes_of, inference.pixels, arrays)
        return arrays, sent_ns

    def _ask(self, method: str, request: Any, deadline: _Deadline, model: str = "") -> Steps[Any]:
        """Makes a remote call that runs no model."""
        left = deadline.left
        if left is not None and left <= 0:
            raise deadline_error(self.address.target, model, deadline.seconds)
        try:
            return (yield Rpc(method, request, left))
        except grpc.RpcError as error:
            raise self._translated(error, model, deadline) from error

    def _translated(self, error: grpc.RpcError, model: str, deadline: _Deadline) -> Exception:
        translated = translate(error, server=self.address.target, model=model, timeout=deadline.seconds)
        if isinstance(translated, ConnectError | ServerLostError):
            self._tools = None  # whoever answers next may have other models
        return translated


def _takes_reading(picture: Any) -> bool:
    """Tells whether a picture must be read or decoded, which would hold up an event loop."""
    return not isinstance(picture, np.ndarray)
