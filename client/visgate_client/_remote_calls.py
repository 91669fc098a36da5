"""Makes remote calls within a call's time: questions, inferences answered whole and inferences that stream.

It shares memory with the server where that is agreed, and gives every failure the class of its cause. What a
tool's arguments mean it does not know.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import numpy.typing as npt

from visgate_client._address import ServerAddress
from visgate_client._deadline import Deadline
from visgate_client._decoding import broken_contract, read_progress, read_response
from visgate_client._encoding import Tensor, build_request, picture_pixels
from visgate_client._error_mapping import (
    deadline_error,
    is_output_too_large,
    is_unknown_region,
    translate,
    translate_refusal,
)
from visgate_client._output_sizes import OutputSizes
from visgate_client._server_memory import Lease, ServerMemory
from visgate_client._steps import Deliver, OpenStream, Pause, Receive, Rpc, Steps
from visgate_client._tools import Tool
from visgate_client.errors import ConnectError, ServerLostError, VisgateError

_LOGGER = logging.getLogger("visgate_client")

_PAUSES = (0.01, 0.1, 0.5)
"""Seconds before each repetition of a question whose connection broke. gRPC notices the end of a server a moment
after it, and longer on a busy machine; then it tries to reach whoever is there, and says whether anybody is."""


@dataclass(frozen=True, slots=True)
class Inference:
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Attributes:
        arrays: its outputs by tensor.
        sent_ns: unix time in ns when the request was sent.
    """

    arrays: dict[str, npt.NDArray[Any]]
    sent_ns: int


class RemoteCalls:
    """One client's calls of one server, as steps; safe in threads."""

    def __init__(self, address: ServerAddress, *, shared_memory: bool, when_lost: Callable[[], None]) -> None:
        """Prepares them.

        Args:
            address: the server's.
            shared_memory: whether tensors may go through shared memory where the server is on this host.
            when_lost: called when the server cannot be reached any more; whoever answers next may be another.
        """
        self._address = address
        self._when_lost = when_lost
        self._memory = ServerMemory(wanted=shared_memory and address.on_this_host)
        self._output_sizes = OutputSizes()

    def ask(self, method: str, request: Any, deadline: Deadline, model: str = "") -> Steps[Any]:
        """Makes a call that runs no model, and so may be repeated where the connection broke under it.

        Raises:
            VisgateError: the call failed; the class says how.
        """
        for pause in _PAUSES:
            try:
                return (yield from self._ask_once(method, request, deadline, model))
            except ServerLostError as error:
                left = deadline.left
                if left is not None and left <= pause:
                    raise
                _LOGGER.debug("%s is asked again: %s", method, error)
            yield Pause(pause)
        return (yield from self._ask_once(method, request, deadline, model))

    def infer(self, inference: Inference, deadline: Deadline) -> Steps[Answer]:
        """Sends a request to a model that answers at once.

        Raises:
            VisgateError: the call failed; the class says how.
        """
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

    def stream(self, inference: Inference, tool: Tool, deadline: Deadline) -> Steps[Answer]:
        """Sends a request to a model that streams, delivers its progress and returns its result.

        Whatever ends the steps early cancels the request in the server.

        Raises:
            VisgateError: the call failed; the class says how.
        """
        left = self._time_left(deadline, inference.model)
        sent_ns = time.time_ns()
        responses = yield OpenStream("ModelStreamInfer", _request(inference, Lease(), left), left)
        result: dict[str, npt.NDArray[Any]] = {}
        try:
            while (response := (yield Receive(responses))) is not None:
                if response.error_message:
                    raise self._refused(response.error_message, inference.model)
                arrays = read_response(response.infer_response, {})
                progress = read_progress(tool, arrays)
                if progress is None:
                    result |= arrays
                else:
                    yield Deliver(progress)
        except grpc.RpcError as error:
            raise self._translated(error, inference.model, deadline) from error
        finally:
            responses.cancel()
        if not result:
            raise broken_contract(inference.model, "its stream ended without a result")
        return Answer(result, sent_ns)

    def close(self) -> Steps[None]:
        """Gives the shared memory back."""
        yield from self._memory.close()

    def _ask_once(self, method: str, request: Any, deadline: Deadline, model: str) -> Steps[Any]:
        left = self._time_left(deadline, model)
        try:
            return (yield Rpc(method, request, left))
        except grpc.RpcError as error:
            raise self._translated(error, model, deadline) from error

    def _infer_with_memory(self, inference: Inference, deadline: Deadline) -> Steps[Answer]:
        lease = yield from self._memory.lease(
            inputs={tensor.name: tensor.byte_size for tensor in inference.tensors},
            outputs=self._output_sizes.expect(inference.sizes_of, inference.pixels),
            timeout=deadline.left,
        )
        try:
            answer = yield from self._exchange(inference, lease, deadline)
        except BaseException:
            self._memory.suspect(lease)
            raise
        self._memory.release(lease)
        return answer

    def _exchange(self, inference: Inference, lease: Lease, deadline: Deadline) -> Steps[Answer]:
        for tensor in inference.tensors:
            if tensor.name in lease.inputs:
                lease.inputs[tensor.name].write(tensor.values)
        left = self._time_left(deadline, inference.model)
        sent_ns = time.time_ns()
        response = yield Rpc("ModelInfer", _request(inference, lease, left), left)
        arrays = read_response(response, lease.outputs)
        if inference.sizes_of:
            self._output_sizes.learn(inference.sizes_of, inference.pixels, arrays)
        return Answer(arrays, sent_ns)

    def _time_left(self, deadline: Deadline, model: str) -> float | None:
        left = deadline.left
        if left is not None and left <= 0:
            raise deadline_error(self._address.target, model, deadline.seconds)
        return left

    def _translated(self, error: grpc.RpcError, model: str, deadline: Deadline) -> VisgateError:
        return self._noted(translate(error, server=self._address.target, model=model, timeout=deadline.seconds))

    def _refused(self, message: str, model: str) -> VisgateError:
        return self._noted(translate_refusal(message, server=self._address.target, model=model))

    def _noted(self, error: VisgateError) -> VisgateError:
        if isinstance(error, ConnectError | ServerLostError):
            self._when_lost()
        return error


def _request(inference: Inference, lease: Lease, left: float | None) -> Any:
    return build_request(
        inference.model,
        inference.tensors,
        inference.outputs,
        timeout=left,
        input_regions=lease.inputs,
        output_regions=lease.outputs,
    )
