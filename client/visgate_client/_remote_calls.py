"""Makes remote calls within a call's time: questions, inferences answered whole and inferences that stream.

It shares memory with the server where that is agreed, chooses among several servers, makes again what may be made
again, and gives every failure the class of its cause. What a tool's arguments mean it does not know.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import grpc
import numpy.typing as npt

from visgate_client._address import ServerAddress
from visgate_client._call_context import CallContext
from visgate_client._decoding import broken_contract, read_progress, read_response
from visgate_client._encoding import build_request
from visgate_client._endpoints import Endpoints
from visgate_client._error_mapping import (
    deadline_error,
    is_not_connected,
    is_output_too_large,
    is_unknown_region,
    translate,
    translate_refusal,
)
from visgate_client._inference import Answer, Inference
from visgate_client._lease import Lease
from visgate_client._output_sizes import OutputSizes
from visgate_client._retries import Retrier, Retries
from visgate_client._server_memory import ServerMemory
from visgate_client._steps import Deliver, OpenStream, Receive, Rpc, Steps
from visgate_client._tools import Tool
from visgate_client.errors import ConnectError, ServerBusyError, ServerLostError, VisgateError

_LOGGER = logging.getLogger("visgate_client")


class RemoteCalls:
    """One client's calls of its servers, as steps; safe in threads.

    Attributes:
        servers: the addresses, for errors.
        losses: how often a server could not be reached any more; whoever answered next may have been another.
    """

    def __init__(
        self,
        addresses: tuple[ServerAddress, ...],
        *,
        shared_memory: bool,
        retries: Retries,
    ) -> None:
        """Prepares them.

        Args:
            addresses: the servers'.
            shared_memory: whether tensors may go through shared memory where there is one server, on this host.
            retries: how often a call is made again.
        """
        self.servers = ", ".join(address.target for address in addresses)
        self.losses = 0
        self._endpoints = Endpoints(len(addresses))
        self._retrier = Retrier(retries)
        self._has_answered = False
        near = len(addresses) == 1 and addresses[0].on_this_host
        self._memory = ServerMemory(wanted=shared_memory and near)
        self._output_sizes = OutputSizes()

    def ask(
        self, method: str, request: Any, context: CallContext, model: str = "", *, patiently: bool = True
    ) -> Steps[Any]:
        """Makes a call that runs no model, and so may be repeated where the connection broke under it.

        Args:
            method: what is asked.
            request: its message.
            context: the circumstances.
            model: whom it is about, if anybody.
            patiently: whether it is repeated too where no server can be reached just now.

        Raises:
            VisgateError: the call failed; the class says how.
        """

        def attempt() -> Steps[Any]:
            try:
                return (yield from self._send(method, request, context, model))
            except grpc.RpcError as error:
                raise self._translated(error, model, context) from error

        def may_again(error: BaseException) -> bool:
            return isinstance(error, ServerLostError) or (patiently and self._did_not_run(error))

        return self._retrier.perform(attempt, may_again, context.deadline, context.span.retried)

    def infer(self, inference: Inference, context: CallContext) -> Steps[Answer]:
        """Sends a request to a model that answers at once.

        Raises:
            VisgateError: the call failed; the class says how.
        """

        def attempt() -> Steps[Answer]:
            return self._infer_once(inference, context)

        return self._retrier.perform(attempt, self._did_not_run, context.deadline, context.span.retried)

    def stream(self, inference: Inference, tool: Tool, context: CallContext) -> Steps[Answer]:
        """Sends a request to a model that streams, delivers its progress and returns its result.

        Whatever ends the steps early cancels the request in the server.

        Raises:
            VisgateError: the call failed; the class says how.
        """
        delivered: list[bool] = []

        def attempt() -> Steps[Answer]:
            return self._stream_once(inference, tool, context, delivered)

        def may_again(error: BaseException) -> bool:
            return not delivered and self._did_not_run(error)

        return self._retrier.perform(attempt, may_again, context.deadline, context.span.retried)

    def close(self) -> Steps[None]:
        """Gives the shared memory back."""
        yield from self._memory.close()

    def _infer_once(self, inference: Inference, context: CallContext) -> Steps[Answer]:
        lease = yield from self._memory.lease(
            inputs={tensor.name: tensor.values for tensor in inference.tensors if tensor.byte_size},
            outputs=self._output_sizes.expect(inference.sizes_of, inference.pixels),
            timeout=context.deadline.left,
        )
        try:
            answer = yield from self._exchange(inference, lease, context)
        except grpc.RpcError as error:
            self._memory.suspect(lease)
            if is_unknown_region(error):
                # The server was started again since, and asks for the region before it runs anything.
                _LOGGER.debug("the server forgot this client's shared memory: %s", error.details())
                self._memory.forget_registrations()
            elif is_output_too_large(error):
                # The tool did run, and runs again: tools compute and change nothing.
                _LOGGER.debug("an output was larger than before: %s", error.details())
            else:
                raise self._translated(error, inference.model, context) from error
        except BaseException:
            self._memory.suspect(lease)
            raise
        else:
            self._memory.release(lease)
            return answer
        try:
            return (yield from self._exchange(inference, Lease(), context))
        except grpc.RpcError as error:
            raise self._translated(error, inference.model, context) from error

    def _exchange(self, inference: Inference, lease: Lease, context: CallContext) -> Steps[Answer]:
        began = time.perf_counter()
        request = self._request(inference, lease, context)
        # Last, because pictures push what the code above works with out of the processor's cache.
        for tensor in inference.tensors:
            placement = lease.inputs.get(tensor.name)
            if placement is not None and not placement.is_filled:
                placement.region.write(tensor.values)
        sent_ns, sent = time.time_ns(), time.perf_counter()
        response = yield from self._send("ModelInfer", request, context, inference.model)
        received = time.perf_counter()
        put_aside = len(lease.outputs)
        arrays = read_response(response, lease)
        # What fits the memory that was put aside for it is no larger than was known.
        if inference.sizes_of and len(arrays) > put_aside:
            self._output_sizes.learn(inference.sizes_of, inference.pixels, arrays)
        round_trip = received - sent
        own_ms = inference.prepared_ms + (time.perf_counter() - began - round_trip) * 1e3
        return Answer(arrays, sent_ns, own_ms, round_trip * 1e3)

    def _stream_once(
        self, inference: Inference, tool: Tool, context: CallContext, delivered: list[bool]
    ) -> Steps[Answer]:
        began = time.perf_counter()
        endpoint = yield from self._endpoints.choose(context.deadline.left)
        request = self._request(inference, Lease(), context)
        rpc = self._rpc("ModelStreamInfer", request, context, endpoint, inference.model)
        sent_ns, sent = time.time_ns(), time.perf_counter()
        responses = yield OpenStream(rpc)
        result: dict[str, npt.NDArray[Any]] = {}
        try:
            while (response := (yield Receive(responses))) is not None:
                if response.error_message:
                    raise self._refused(response.error_message, inference.model)
                arrays = read_response(response.infer_response, Lease())
                progress = read_progress(tool, arrays)
                if progress is None:
                    result |= arrays
                else:
                    delivered.append(True)
                    yield Deliver(progress)
        except grpc.RpcError as error:
            self._note_failure(error, endpoint)
            raise self._translated(error, inference.model, context) from error
        finally:
            responses.cancel()
        self._note_answer(endpoint)
        if not result:
            raise broken_contract(inference.model, "its stream ended without a result")
        own_ms = inference.prepared_ms + (sent - began) * 1e3
        return Answer(result, sent_ns, own_ms, (time.perf_counter() - sent) * 1e3)

    def _send(self, method: str, request: Any, context: CallContext, model: str) -> Steps[Any]:
        """Sends a request to one server, and to the next where that one cannot be reached."""
        for others in reversed(range(len(self._endpoints))):
            endpoint = yield from self._endpoints.choose(context.deadline.left)
            try:
                response = yield self._rpc(method, request, context, endpoint, model)
            except grpc.RpcError as error:
                self._note_failure(error, endpoint)
                if not others or not is_not_connected(error):
                    raise
            else:
                self._note_answer(endpoint)
                return response
        raise AssertionError("a client has one server at least")  # pragma: no cover

    def _rpc(self, method: str, request: Any, context: CallContext, endpoint: int, model: str) -> Rpc:
        context.check()
        left = context.deadline.left
        if left is not None and left <= 0:
            raise deadline_error(self.servers, model, context.deadline.seconds)
        return Rpc(method, request, left, context.span.metadata, endpoint, context.cancellation)

    def _request(self, inference: Inference, lease: Lease, context: CallContext) -> Any:
        return build_request(
            inference.model, inference.tensors, inference.outputs, timeout=context.deadline.left, lease=lease
        )

    def _note_answer(self, endpoint: int) -> None:
        self._has_answered = True
        self._endpoints.answered(endpoint)

    def _note_failure(self, error: grpc.RpcError, endpoint: int) -> None:
        if isinstance(translate(error, server="", model="", timeout=None), ConnectError | ServerLostError):
            self._endpoints.failed(endpoint)

    def _did_not_run(self, error: BaseException) -> bool:
        """Tells whether a call that ended so has not run, and may come through if it is made again."""
        if isinstance(error, ServerBusyError):
            return True
        # Where nobody ever answered the address is wrong, more likely than not: that is said at once.
        return self._has_answered and isinstance(error.__cause__, grpc.RpcError) and is_not_connected(error.__cause__)

    def _translated(self, error: grpc.RpcError, model: str, context: CallContext) -> VisgateError:
        timeout = context.deadline.seconds
        return self._noted(translate(error, server=self.servers, model=model, timeout=timeout))

    def _refused(self, message: str, model: str) -> VisgateError:
        return self._noted(translate_refusal(message, server=self.servers, model=model))

    def _noted(self, error: VisgateError) -> VisgateError:
        if isinstance(error, ConnectError | ServerLostError):
            self.losses += 1
        return error
