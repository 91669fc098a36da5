"""A client's regions of shared memory: idle, in use, or lent to results that look into them; asks no server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import numpy.typing as npt

from visgate_client._shared_memory import NoSharedMemoryError, Region, region_size

LARGEST_POOL = 1 << 28
"""Bytes that one client holds at most; calls that would need more go over gRPC alone."""

LARGEST_LENT = 1 << 26
"""Bytes of them that results may hold on to; what is more is copied out, so that calls keep memory to work with."""

_IDLE_SECONDS = 60.0  # after which a region that nobody used is given back


class RegionPool:
    """A client's regions, kept to be used again; safe in threads.

    A region is idle here, or with the call that took it, or *lent*: its content is a result that somebody still has.
    A lent region comes back when that result is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[int, list[tuple[float, Region]]] = {}  # the longest idle first
        self._held = 0  # bytes of all regions that exist
        self._lends = True
        self._lent: dict[str, Region] = {}
        self._lent_bytes = 0
        self._recalled: list[Region] = []  # lent before, and to be removed when they come back
        self._doubtful: set[str] = set()  # lent regions that a request was given which may still run
        self._suspects: list[Region] = []

    def take(self, byte_size: int) -> Region | None:
        """Returns an idle region of a fitting size, or None if a new one has to be made."""
        with self._lock:
            idle = self._idle.get(region_size(byte_size))
            if not idle:
                # Not before: so one call's input takes the region of the last one's, which the processor's cache knows.
                self._collect()
                idle = self._idle.get(region_size(byte_size))
            return idle.pop()[1] if idle else None

    def create(self, byte_size: int) -> tuple[Region, list[Region]]:
        """Makes a region.

        Returns:
            The region, and idle ones that had to give way to it: the server must be told, then `discard` them.

        Raises:
            NoSharedMemoryError: it would take more memory than there is, or than one client may hold.
        """
        size = region_size(byte_size)
        given_up: list[Region] = []
        with self._lock:
            idle = sorted(self._all_idle(), key=lambda region: region.byte_size, reverse=True)
            room = LARGEST_POOL - self._held
            while room < size and idle:
                room += idle[0].byte_size
                given_up.append(idle.pop(0))
            if room < size:
                raise NoSharedMemoryError(f"{size} bytes more than one client may hold ({LARGEST_POOL})")
            self._remove_idle(given_up)
            self._held += size
        try:
            return Region(size), given_up
        except NoSharedMemoryError:
            with self._lock:
                self._held -= size
            self.give_back(given_up)
            raise

    def give_back(self, regions: Iterable[Region]) -> None:
        """Takes regions back that no request uses any more."""
        with self._lock:
            self._put_idle(regions)

    def take_all(self) -> list[Region]:
        """Returns every idle region, none of which is idle any more."""
        with self._lock:
            self._collect()
            regions = [*self._all_idle(), *self._suspects]
            self._idle.clear()
            self._suspects.clear()
            return regions

    def take_unused(self) -> list[Region]:
        """Returns the regions that nobody used for a while, none of which is idle any more."""
        with self._lock:
            self._collect()
            limit = time.monotonic() - _IDLE_SECONDS
            unused = [region for entries in self._idle.values() for since, region in entries if since < limit]
            self._remove_idle(unused)
            return unused

    def discard(self, regions: Iterable[Region]) -> None:
        """Removes regions that were taken from this pool."""
        for region in regions:
            region.remove()
            with self._lock:
                self._held -= region.byte_size

    # --- regions that results look into ---

    def lend(self, region: Region) -> bool:
        """Leaves a region in use to the result that shows it; False where too much is lent already."""
        with self._lock:
            if self._lent_bytes + region.byte_size > LARGEST_LENT:
                self._collect()
            if not self._lends or self._lent_bytes + region.byte_size > LARGEST_LENT:
                return False
            self._lent_bytes += region.byte_size
            self._lent[region.name] = region
        return True

    def find(self, array: npt.NDArray[Any]) -> tuple[Region, int] | None:
        """Returns in which lent region an array lies, and where; None for one that has to be copied to be sent."""
        if not self._lent or not array.flags.c_contiguous:
            return None
        with self._lock:
            for region in self._lent.values():
                offset = region.offset_of(array)
                if offset is not None:
                    return region, offset
        return None

    def doubt(self, regions: Iterable[Region]) -> None:
        """Takes note of lent regions that were given to a request which was not answered, and may still run."""
        with self._lock:
            self._doubtful.update(region.name for region in regions)

    def take_suspects(self) -> list[Region]:
        """Returns the doubtful ones among the regions that came back; they must not be used again yet."""
        with self._lock:
            self._collect()
            suspects, self._suspects = self._suspects, []
            return suspects

    def recall(self, *, for_good: bool = False) -> list[Region]:
        """Takes every lent region from its result, which stays as it is but can be handed to no further call.

        Args:
            for_good: none is lent from now on, and the caller discards these; otherwise they are removed when they
                come back.
        """
        with self._lock:
            self._lends = not for_good
            self._collect()
            lent = list(self._lent.values())
            self._lent.clear()
            if not for_good:
                self._recalled += lent
            return lent

    def _collect(self) -> None:
        """Sorts in what came back."""
        for region in [region for region in self._lent.values() if not region.is_shown]:
            del self._lent[region.name]
            self._lent_bytes -= region.byte_size
            if region.name in self._doubtful:
                self._doubtful.discard(region.name)
                self._suspects.append(region)
            else:
                self._put_idle([region])
        for region in [region for region in self._recalled if not region.is_shown]:
            self._recalled.remove(region)
            self._lent_bytes -= region.byte_size
            self._held -= region.byte_size
            region.remove()

    def _put_idle(self, regions: Iterable[Region]) -> None:
        now = time.monotonic()
        for region in regions:
            self._idle.setdefault(region.byte_size, []).append((now, region))

    def _remove_idle(self, regions: Iterable[Region]) -> None:
        names = {region.name for region in regions}
        if names:
            for size, entries in self._idle.items():
                self._idle[size] = [entry for entry in entries if entry[1].name not in names]

    def _all_idle(self) -> Iterable[Region]:
        return (region for entries in self._idle.values() for _, region in entries)
