"""Chooses which of several servers gets a call, in turn and by their health; knows nothing about tools."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import grpc
from tritonclient.grpc import service_pb2

from visgate_client._steps import Rpc, Steps

_CHECK_EVERY = 5.0  # seconds after which a server that answers is asked again whether it is ready
_CHECK_TIMEOUT = 1.0  # seconds that it may take to say so
_FIRST_REST = 1.0  # seconds that a server is left alone that could not be reached, twice as many each further time
_LONGEST_REST = 30.0


@dataclass(slots=True)
class _Endpoint:
    """What is known of one server.

    Attributes:
        good_until: monotonic time until which it is taken for healthy without being asked.
        rests_until: monotonic time until which it is left alone.
        rest: seconds of its next rest.
    """

    good_until: float = 0.0
    rests_until: float = 0.0
    rest: float = _FIRST_REST


class Endpoints:
    """The servers of one client; safe in threads."""

    def __init__(self, count: int) -> None:
        self._endpoints = [_Endpoint() for _ in range(count)]
        self._lock = threading.Lock()
        self._last = -1

    def __len__(self) -> int:
        return len(self._endpoints)

    def choose(self, timeout: float | None) -> Steps[int]:
        """Returns whose turn it is among those that are ready, having asked where that is not known.

        Where none is, it is whoever has rested longest: the call itself then says what is wrong.

        Args:
            timeout: seconds that the call has left.
        """
        if len(self._endpoints) == 1:
            return 0
        for _ in self._endpoints:
            index = self._next()
            endpoint = self._endpoints[index]
            if endpoint.good_until > time.monotonic() or (yield from self._is_ready(index, timeout)):
                return index
        return min(range(len(self._endpoints)), key=lambda index: self._endpoints[index].rests_until)

    def answered(self, index: int) -> None:
        """Takes note that a server answered."""
        if len(self._endpoints) > 1:
            self._endpoints[index].rest = _FIRST_REST

    def failed(self, index: int) -> None:
        """Takes note that a server could not be reached, or went away."""
        with self._lock:
            endpoint = self._endpoints[index]
            now = time.monotonic()
            if endpoint.rests_until <= now:
                endpoint.rests_until = now + endpoint.rest
                endpoint.rest = min(_LONGEST_REST, 2 * endpoint.rest)
            endpoint.good_until = 0.0

    def _next(self) -> int:
        """The next in turn that does not rest; where all do, the next."""
        with self._lock:
            count, now = len(self._endpoints), time.monotonic()
            turn = [(self._last + step) % count for step in range(1, count + 1)]
            self._last = next((index for index in turn if self._endpoints[index].rests_until <= now), turn[0])
            return self._last

    def _is_ready(self, index: int, timeout: float | None) -> Steps[bool]:
        limit = _CHECK_TIMEOUT if timeout is None else min(_CHECK_TIMEOUT, timeout)
        try:
            response = yield Rpc("ServerReady", service_pb2.ServerReadyRequest(), limit, endpoint=index)
        except grpc.RpcError:
            self.failed(index)
            return False
        if not response.ready:
            self.failed(index)
            return False
        self._endpoints[index].good_until = time.monotonic() + _CHECK_EVERY
        return True
