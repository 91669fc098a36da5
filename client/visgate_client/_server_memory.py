"""Agrees with a server on shared memory for a call's tensors; falls back to gRPC wherever that fails.

It is used when the address is on this host, the server keeps count of who uses a region (Triton 2.50 and
later: earlier ones crash when a region goes away that a request still uses) and grants the first registration.

Only an answer proves that the server is done with a request's regions. After a failure of any kind they are
*suspects*: neither written, read nor used again, because a request that the client gave up may still run. They
are given back when the server lets them be unregistered.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import grpc
import numpy.typing as npt
from tritonclient.grpc import service_pb2

from visgate_client._error_mapping import is_unreachable
from visgate_client._lease import Lease, Placement
from visgate_client._region_pool import RegionPool
from visgate_client._shared_memory import NoSharedMemoryError, Region, is_abandoned, sweep
from visgate_client._steps import Pause, Rpc, Steps

_LOGGER = logging.getLogger("visgate_client")

WORTHWHILE = 1 << 15
"""Bytes from which a tensor goes through shared memory: below, gRPC carries it in the same time."""

_COUNTING_VERSION = (2, 50)
_EXTENSION = "system_shared_memory"
_RPC_TIMEOUT = 2.0  # seconds for housekeeping, which must not eat a call's own time
_UNTIL_LET_GO = (0.005, 0.05, 0.25)  # seconds before each further attempt to give an answered call's region back
_TIDY_UP_EVERY = 1.0  # seconds between two attempts to give regions back


class _State(Enum):
    UNKNOWN = auto()
    OFFERED = auto()
    GRANTED = auto()
    OFF = auto()


class ServerMemory:
    """What one client and its server have agreed about shared memory; safe in threads."""

    def __init__(self, *, wanted: bool) -> None:
        """Prepares the negotiation, which the first call of some size holds.

        Args:
            wanted: whether shared memory may be used at all.
        """
        self._state = _State.UNKNOWN if wanted and sys.platform == "linux" else _State.OFF
        self._pool = RegionPool()
        self._lock = threading.Lock()
        self._suspects: list[Region] = []
        self._tidy_up_at = 0.0

    def lease(
        self, inputs: Mapping[str, npt.NDArray[Any]], outputs: Mapping[str, int], timeout: float | None
    ) -> Steps[Lease]:
        """Finds regions for the tensors for which that is worth while and possible.

        Args:
            inputs: the values by tensor.
            outputs: expected sizes in bytes by tensor.
            timeout: seconds that the call has left.
        """
        lease = Lease(self._pool)
        if self._state is _State.OFF:
            return lease
        inputs = {name: values for name, values in inputs.items() if values.nbytes >= WORTHWHILE}
        outputs = {name: size for name, size in outputs.items() if size >= WORTHWHILE}
        if not (inputs or outputs):
            return lease
        limit = _RPC_TIMEOUT if timeout is None else min(timeout, _RPC_TIMEOUT)
        if self._state is _State.UNKNOWN:
            yield from self._negotiate(limit)
        if time.monotonic() >= self._tidy_up_at:
            yield from self._tidy_up(limit)
        try:
            for name, values in inputs.items():
                found = self._pool.find(values)
                if found is not None:
                    lease.inputs[name] = Placement(*found, is_filled=True)
                elif region := self._pool.take(values.nbytes) or (yield from self._new_region(values.nbytes, limit)):
                    lease.inputs[name] = Placement(region)
            for name, size in outputs.items():
                if region := self._pool.take(size) or (yield from self._new_region(size, limit)):
                    lease.outputs[name] = region
        except BaseException:
            self._pool.give_back(lease.regions)
            raise
        return lease

    def release(self, lease: Lease) -> None:
        """Takes the regions of a request back that was answered."""
        if self._state is _State.OFF:  # closed while the request was under way
            self._pool.discard(lease.regions)
        else:
            self._pool.give_back(lease.regions)

    def suspect(self, lease: Lease) -> None:
        """Puts the regions of a request aside that was not answered, and may still be running."""
        if self._state is _State.OFF:
            self._pool.discard(lease.regions)
            return
        self._pool.doubt(lease.borrowed)
        with self._lock:
            self._suspects.extend(lease.regions)

    def forget_registrations(self) -> None:
        """Drops every region: the server that knew them is no more."""
        with self._lock:
            suspects, self._suspects = self._suspects, []
        self._pool.recall()
        self._pool.discard([*suspects, *self._pool.take_all()])

    def close(self) -> Steps[None]:
        """Gives back everything; what the server still uses loses its file at least. Results stay as they are."""
        with self._lock:
            suspects, self._suspects = self._suspects, []
        lent = self._pool.recall(for_good=True)
        regions = [*self._pool.take_all(), *lent, *suspects]
        self._state = _State.OFF
        try:
            refused = yield from self._unregister_all(regions)
            # The server lets go of a region just after its answer; a request that was given up may run for long.
            answered = [region for region in refused if region not in suspects]
            for pause in _UNTIL_LET_GO:
                if not answered:
                    break
                yield Pause(pause)
                answered = yield from self._unregister_all(answered)
        finally:
            self._pool.discard(regions)

    def _negotiate(self, limit: float) -> Steps[None]:
        try:
            metadata = yield Rpc("ServerMetadata", service_pb2.ServerMetadataRequest(), limit)
        except grpc.RpcError as error:
            if not is_unreachable(error):
                self._turn_off(f"the server does not say what it is: {error.details()}")
            return
        if _EXTENSION not in metadata.extensions or _version(metadata.version) < _COUNTING_VERSION:
            self._turn_off(f"server {metadata.name} {metadata.version} does not offer it safely")
            return
        sweep()
        if self._state is _State.UNKNOWN:
            self._state = _State.OFFERED

    def _new_region(self, byte_size: int, limit: float) -> Steps[Region | None]:
        """Makes a region and registers it, or returns None if there is none to be had."""
        if self._state not in (_State.OFFERED, _State.GRANTED):
            return None
        try:
            region, given_up = self._pool.create(byte_size)
        except NoSharedMemoryError as error:
            _LOGGER.debug("this call goes over gRPC alone: %s", error)
            return None
        try:
            for old in given_up:
                yield from self._unregister(old, limit)
        finally:
            self._pool.discard(given_up)
        granted = yield from self._register(region, limit)
        return region if granted else None

    def _register(self, region: Region, limit: float) -> Steps[bool]:
        request = service_pb2.SystemSharedMemoryRegisterRequest(
            name=region.name, key=region.key, offset=0, byte_size=region.byte_size
        )
        try:
            yield Rpc("SystemSharedMemoryRegister", request, limit)
        except grpc.RpcError as error:
            self._pool.discard([region])
            if not is_unreachable(error):
                self._turn_off(f"the server refuses it: {error.details()}", logging.WARNING)
            return False
        except BaseException:
            self._pool.discard([region])
            raise
        if self._state is _State.OFFERED:
            self._state = _State.GRANTED
            yield from self._sweep_registrations(limit)
        return True

    def _sweep_registrations(self, limit: float) -> Steps[None]:
        """Makes the server forget the regions of clients that ended without saying so.

        Only now, after it opened a region of ours: so it sees the same /dev/shm, and what is missing there
        is missing for it too.
        """
        try:
            status = yield Rpc("SystemSharedMemoryStatus", service_pb2.SystemSharedMemoryStatusRequest(), limit)
        except grpc.RpcError as error:
            _LOGGER.debug("the server does not list its shared memory: %s", error.details())
            return
        for name in filter(is_abandoned, list(status.regions)):
            yield from self._unregister_name(name, limit)

    def _tidy_up(self, limit: float) -> Steps[None]:
        """Gives back, now and then, what nobody used for a while and what the server has let go of."""
        with self._lock:
            now = time.monotonic()
            if now < self._tidy_up_at:
                return
            self._tidy_up_at = now + _TIDY_UP_EVERY
            suspects, self._suspects = [*self._suspects, *self._pool.take_suspects()], []
        remaining = [*suspects, *self._pool.take_unused()]
        try:
            for region in list(remaining):
                let_go = yield from self._unregister(region, limit)
                if let_go:
                    remaining.remove(region)
                    self._pool.discard([region])
        finally:
            with self._lock:
                self._suspects.extend(remaining)

    def _unregister(self, region: Region, limit: float) -> Steps[bool | None]:
        return (yield from self._unregister_name(region.name, limit))

    def _unregister_all(self, regions: Sequence[Region]) -> Steps[list[Region]]:
        """Returns the regions that the server still uses; none if it cannot be reached."""
        refused = []
        for region in regions:
            let_go = yield from self._unregister(region, _RPC_TIMEOUT)
            if let_go is None:
                return []
            if not let_go:
                refused.append(region)
        return refused

    def _unregister_name(self, name: str, limit: float) -> Steps[bool | None]:
        """Returns True if the server let go of the region, False if not yet, None if it cannot be reached."""
        # An empty name would unregister every client's regions; names of ours are never empty.
        request = service_pb2.SystemSharedMemoryUnregisterRequest(name=name)
        try:
            yield Rpc("SystemSharedMemoryUnregister", request, limit)
        except grpc.RpcError as error:
            _LOGGER.debug("shared memory %s stays registered: %s", name, error.details())
            return None if is_unreachable(error) else False
        return True

    def _turn_off(self, reason: str, level: int = logging.INFO) -> None:
        with self._lock:
            told = self._state is _State.OFF
            self._state = _State.OFF
        if not told:
            _LOGGER.log(level, "pictures go over gRPC and not through shared memory: %s", reason)


def _version(text: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
