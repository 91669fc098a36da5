"""What a client does, once for both faces: each method describes its steps and waits for nothing itself."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2

from visgate_client._address import parse_address
from visgate_client._deadline import Deadline
from visgate_client._decoding import read_result, read_times
from visgate_client._encoding import encode_arguments, encode_arrays
from visgate_client._remote_calls import Answer, Inference, RemoteCalls
from visgate_client._results import ToolResult
from visgate_client._schema import check_arguments
from visgate_client._statistics import ModelStatistics, read_statistics
from visgate_client._steps import Deliver, Offload, Steps
from visgate_client._tools import STREAMED_KINDS, DeclaredTools, Tool, collect_tools, is_picture
from visgate_client.errors import (
    ClientStateError,
    ConnectError,
    DeadlineError,
    ServerBusyError,
    ServerLostError,
    UnknownModelError,
    UnknownToolError,
)

_TOOLS_PARAMETER = "tools"


@dataclass(slots=True)
class _KnownTools:
    """The tools as they were read last.

    Attributes:
        by_name: None where they are to be read again.
    """

    by_name: dict[str, Tool] | None = None

    def forget(self) -> None:
        """They are to be read again before the next use."""
        self.by_name = None


class ClientCore:
    """The state of one client, and everything that it does as steps; safe in threads."""

    def __init__(self, server: str, *, timeout: float, shared_memory: bool) -> None:
        self.address = parse_address(server)
        self.timeout = timeout
        Deadline.after(timeout)
        self._known = _KnownTools()
        self._remote = RemoteCalls(self.address, shared_memory=shared_memory, when_lost=self._known.forget)
        self._closed = False

    def tools(self, *, refresh: bool, timeout: float | None) -> Steps[tuple[Tool, ...]]:
        """Reads the tools of every model that is ready, or returns those read before."""
        deadline = self._begin(timeout)
        known = self._known.by_name
        if known is None or refresh:
            known = yield from self._read_tools(deadline)
        return tuple(known.values())

    def call(self, name: str, arguments: Mapping[str, Any], timeout: float | None) -> Steps[ToolResult]:
        """Calls a tool; one that streams is asked for no progress."""
        return (yield from self._result(name, arguments, timeout, watched=False))

    def stream(self, name: str, arguments: Mapping[str, Any], timeout: float | None) -> Steps[None]:
        """Calls a tool and delivers its progress, if it streams, and its result."""
        result = yield from self._result(name, arguments, timeout, watched=True)
        yield Deliver(result)

    def infer(
        self, model: str, inputs: Mapping[str, npt.ArrayLike], timeout: float | None
    ) -> Steps[dict[str, npt.NDArray[Any]]]:
        """Sends arrays to a model as they are."""
        deadline = self._begin(timeout)
        answer = yield from self._remote.infer(Inference(model, tuple(encode_arrays(inputs))), deadline)
        return answer.arrays

    def statistics(self, model: str, timeout: float | None) -> Steps[ModelStatistics]:
        """Reads what the server counted about a model."""
        deadline = self._begin(timeout)
        request = service_pb2.ModelStatisticsRequest(name=model)
        response = yield from self._remote.ask("ModelStatistics", request, deadline, model)
        return read_statistics(model, response)

    def is_ready(self, timeout: float | None) -> Steps[bool]:
        """Tells whether the server is there and all its models are loaded."""
        deadline = self._begin(timeout)
        try:
            response = yield from self._remote.ask("ServerReady", service_pb2.ServerReadyRequest(), deadline)
        except (ConnectError, ServerLostError, ServerBusyError, DeadlineError):
            return False
        return bool(response.ready)

    def close(self) -> Steps[None]:
        """Gives the shared memory back; every later use is an error."""
        if not self._closed:
            self._closed = True
            yield from self._remote.close()

    def _begin(self, timeout: float | None) -> Deadline:
        if self._closed:
            raise ClientStateError("the client is closed; make a new one")
        return Deadline.after(self.timeout if timeout is None else timeout)

    def _read_tools(self, deadline: Deadline) -> Steps[dict[str, Tool]]:
        request = service_pb2.RepositoryIndexRequest(ready=True)
        index = yield from self._remote.ask("RepositoryIndex", request, deadline)
        declared = []
        for model in sorted({entry.name for entry in index.models}):
            try:
                request = service_pb2.ModelConfigRequest(name=model)
                response = yield from self._remote.ask("ModelConfig", request, deadline, model)
            except UnknownModelError:
                continue  # unloaded since the index was read
            if _TOOLS_PARAMETER in response.config.parameters:
                tools_json = response.config.parameters[_TOOLS_PARAMETER].string_value
                declared.append(DeclaredTools(model, tools_json, response.config.model_transaction_policy.decoupled))
        known = collect_tools(declared)
        self._known.by_name = known
        return known

    def _find_tool(self, name: str, deadline: Deadline) -> Steps[Tool]:
        known = self._known.by_name
        if known is None or name not in known:
            known = yield from self._read_tools(deadline)
        if name not in known:
            near = tuple(difflib.get_close_matches(str(name), known, n=3, cutoff=0.5))
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known) or 'none'}"
            raise UnknownToolError(
                f"server {self.address.target} offers no tool {name!r}; {hint}", name=name, near=near
            )
        return known[name]

    def _result(
        self, name: str, arguments: Mapping[str, Any], timeout: float | None, *, watched: bool
    ) -> Steps[ToolResult]:
        began = time.perf_counter()
        deadline = self._begin(timeout)
        tool = yield from self._find_tool(name, deadline)
        try:
            answer = yield from self._answer(tool, arguments, deadline, watched)
        except UnknownModelError:
            # It was there when the tools were read. Nothing ran, so the call can be made again elsewhere.
            self._known.forget()
            tool = yield from self._find_tool(name, deadline)
            answer = yield from self._answer(tool, arguments, deadline, watched)
        times = read_times(
            tool,
            answer.arrays,
            sent_ns=answer.sent_ns,
            total_ms=(time.perf_counter() - began) * 1e3,
            same_clock=self.address.on_this_host,
        )
        return read_result(tool, answer.arrays, times)

    def _answer(self, tool: Tool, arguments: Mapping[str, Any], deadline: Deadline, watched: bool) -> Steps[Answer]:
        inference = yield from self._encode(tool, arguments, watched)
        if tool.streams:
            return (yield from self._remote.stream(inference, tool, deadline))
        return (yield from self._remote.infer(inference, deadline))

    def _encode(self, tool: Tool, arguments: Mapping[str, Any], watched: bool) -> Steps[Inference]:
        values = check_arguments(tool, arguments)
        if any(_takes_reading(values[name]) for name in values if is_picture(tool.properties[name])):
            tensors = yield Offload(lambda: encode_arguments(tool, values, watched=watched))
        else:
            tensors = encode_arguments(tool, values, watched=watched)
        outputs = tuple(output.tensor for output in tool.outputs if watched or output.kind not in STREAMED_KINDS)
        return Inference(tool.model, tuple(tensors), outputs, sizes_of=tool.name)


def _takes_reading(picture: Any) -> bool:
    """Tells whether a picture must be read or decoded, which would hold up an event loop."""
    return not isinstance(picture, np.ndarray)
