"""What a client does, once for both faces: each method describes its steps and waits for nothing itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2

from visgate_client._address import parse_addresses
from visgate_client._call_context import CallContext
from visgate_client._cancellation import Cancellation
from visgate_client._catalogue import ToolCatalogue
from visgate_client._channel import Compression, Connection
from visgate_client._deadline import Deadline
from visgate_client._decoding import Clocked, read_result, read_times, unpack_pictures
from visgate_client._encoding import encode_arguments, encode_arrays
from visgate_client._inference import Answer, Inference
from visgate_client._picture_files import PicturePacking
from visgate_client._remote_calls import RemoteCalls
from visgate_client._results import ToolResult
from visgate_client._retries import Retries
from visgate_client._schema import check_arguments
from visgate_client._security import Security
from visgate_client._statistics import ModelStatistics, read_statistics
from visgate_client._steps import Deliver, Offload, Steps
from visgate_client._tools import Tool
from visgate_client._tracing import begin_span
from visgate_client.errors import (
    ArgumentError,
    ClientStateError,
    ConnectError,
    DeadlineError,
    PictureError,
    ServerBusyError,
    ServerLostError,
    UnknownModelError,
)

_LOGGER = logging.getLogger("visgate_client")


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client is made with; see `VisionClient`."""

    timeout: float = 60.0
    shared_memory: bool = True
    security: Security = field(default_factory=Security)
    retries: Retries = field(default_factory=Retries)
    compression: Compression = "none"
    packing: PicturePacking = field(default_factory=PicturePacking)


class ToolCall(NamedTuple):
    """One call of a tool.

    Attributes:
        tool: the tool's name.
        arguments: its arguments by name, as the caller gave them.
        timeout: seconds that it may take, or None for the client's.
        cancellation: what may give it up from outside.
        watched: whether its progress is wanted.
    """

    tool: str
    arguments: Mapping[str, Any]
    timeout: float | None = None
    cancellation: Cancellation | None = None
    watched: bool = False


class ClientCore:
    """The state of one client, and everything that it does as steps; safe in threads.

    Attributes:
        connection: where its channels lead.
        servers: the addresses, as errors and reprs show them.
        timeout: seconds that a call may take where it does not say otherwise.
    """

    def __init__(self, servers: str | Sequence[str], options: ClientOptions) -> None:
        addresses = parse_addresses(servers)
        self.connection = Connection(addresses, options.security, options.compression)
        self.servers = ", ".join(address.target for address in addresses)
        self.timeout = options.timeout
        Deadline.after(options.timeout)
        if options.security.is_exposed(addresses):
            _LOGGER.warning(
                "the token goes to %s without TLS, so others may read it: give Security root_certificates or tls=True",
                self.servers,
            )
        self._same_clock = all(address.on_this_host for address in addresses)
        self._remote = RemoteCalls(addresses, shared_memory=options.shared_memory, retries=options.retries)
        self._catalogue = ToolCatalogue(self._remote, self.servers)
        self._packing = options.packing
        self._told_of_raw = False
        self._closed = False

    def tools(self, *, refresh: bool, timeout: float | None) -> Steps[tuple[Tool, ...]]:
        """Reads the tools of every model that is ready, or returns those read before."""
        return (yield from self._catalogue.all_tools(self._begin(timeout), refresh=refresh))

    def call(self, call: ToolCall) -> Steps[ToolResult]:
        """Calls a tool; one that streams is asked for no progress."""
        return self._result(call)

    def stream(self, call: ToolCall) -> Steps[None]:
        """Calls a tool and delivers its progress, if it streams, and its result."""
        result = yield from self._result(call)
        yield Deliver(result)

    def infer(
        self, model: str, inputs: Mapping[str, npt.ArrayLike], timeout: float | None
    ) -> Steps[dict[str, npt.NDArray[Any]]]:
        """Sends arrays to a model as they are."""
        context = self._begin(timeout)
        answer = yield from self._remote.infer(Inference(model, tuple(encode_arrays(inputs))), context)
        return answer.arrays

    def statistics(self, model: str, timeout: float | None) -> Steps[ModelStatistics]:
        """Reads what the server counted about a model."""
        request = service_pb2.ModelStatisticsRequest(name=model)
        response = yield from self._remote.ask("ModelStatistics", request, self._begin(timeout), model)
        return read_statistics(model, response)

    def is_ready(self, timeout: float | None) -> Steps[bool]:
        """Tells whether the server is there and all its models are loaded."""
        request = service_pb2.ServerReadyRequest()
        try:
            response = yield from self._remote.ask("ServerReady", request, self._begin(timeout), patiently=False)
        except (ConnectError, ServerLostError, ServerBusyError, DeadlineError):
            return False
        return bool(response.ready)

    def close(self) -> Steps[None]:
        """Gives the shared memory back; every later use is an error."""
        if not self._closed:
            self._closed = True
            yield from self._remote.close()

    def _begin(self, timeout: float | None) -> CallContext:
        return CallContext(self._deadline(timeout))

    def _deadline(self, timeout: float | None) -> Deadline:
        if self._closed:
            raise ClientStateError("the client is closed; make a new one")
        return Deadline.after(self.timeout if timeout is None else timeout)

    def _result(self, call: ToolCall) -> Steps[ToolResult]:
        began = time.perf_counter()
        deadline = self._deadline(call.timeout)
        span = begin_span(call.tool, self.servers)
        try:
            context = CallContext(deadline, span, call.cancellation)
            tool, answer = yield from self._found_and_answered(call, context)
            span.is_for(tool.model)
            total_ms = (time.perf_counter() - began) * 1e3
            clocked = Clocked(answer.sent_ns, total_ms, answer.serialise_ms, answer.round_trip_ms, self._same_clock)
            result = read_result(tool, answer.arrays, read_times(tool, answer.arrays, clocked))
        except BaseException as error:
            span.failed(error)
            raise
        span.finished(result.times)
        return result

    def _found_and_answered(self, call: ToolCall, context: CallContext) -> Steps[tuple[Tool, Answer]]:
        """Makes a call, and once more if it turns out that the tool is not any more what it was."""
        tool = yield from self._catalogue.find(call.tool, context)
        try:
            return tool, (yield from self._answer(tool, call, context))
        except UnknownModelError:
            # It was there when the tools were read. Nothing ran, so the call can be made again elsewhere.
            self._catalogue.forget()
            tool = yield from self._catalogue.find(call.tool, context)
        except PictureError:
            raise
        except ArgumentError:
            present = yield from self._catalogue.changed(tool, context)
            if present is None:
                raise
            tool = present
        return tool, (yield from self._answer(tool, call, context))

    def _answer(self, tool: Tool, call: ToolCall, context: CallContext) -> Steps[Answer]:
        packing = self._packing_for(tool)
        inference = yield from self._encode(tool, call, packing)
        if tool.streams:
            answer = yield from self._remote.stream(inference, tool, context)
        else:
            answer = yield from self._remote.infer(inference, context)
        if packing.is_raw:
            return answer
        began = time.perf_counter()
        arrays = yield Offload(lambda: unpack_pictures(tool, answer.arrays))
        own_ms = answer.serialise_ms + (time.perf_counter() - began) * 1e3
        return Answer(arrays, answer.sent_ns, own_ms, answer.round_trip_ms)

    def _packing_for(self, tool: Tool) -> PicturePacking:
        if self._packing.is_raw or tool.takes_files:
            return self._packing
        if not self._told_of_raw:
            self._told_of_raw = True
            _LOGGER.warning(
                "pictures of %s go as pixels and not as %s: model %s is of an earlier visgate and takes no files",
                tool.name,
                self._packing.format,
                tool.model,
            )
        return PicturePacking()

    def _encode(self, tool: Tool, call: ToolCall, packing: PicturePacking) -> Steps[Inference]:
        began = time.perf_counter()
        values = check_arguments(tool, call.arguments)
        as_files = not packing.is_raw
        if as_files or any(_takes_reading(values[name]) for name in tool.pictures if name in values):
            tensors = yield Offload(lambda: encode_arguments(tool, values, watched=call.watched, packing=packing))
        else:
            tensors = encode_arguments(tool, values, watched=call.watched, packing=packing)
        outputs = tool.wanted_tensors(watched=call.watched, as_files=as_files)
        # Files travel within the messages, so nobody need know how large they were.
        sizes_of = "" if as_files else tool.name
        return Inference(tool.model, tuple(tensors), outputs, sizes_of, (time.perf_counter() - began) * 1e3)


def _takes_reading(picture: Any) -> bool:
    """Tells whether a picture must be read or decoded, which would hold up an event loop."""
    return not isinstance(picture, np.ndarray)
