"""The bounded line in which requests wait for their turn, and on which the loop sleeps; safe from any thread."""

from __future__ import annotations

import threading
from collections import deque

from visgate_server.diffusion.active_request import ActiveRequest
from visgate_server.diffusion.limits import EngineLimits
from visgate_server.errors import (
    QueueFullError,
    QueueTimeoutError,
    RequestCancelledError,
    ServerStoppingError,
    VisgateServerError,
)


class RequestQueue:
    """First come, first served.

    It counts the requests in flight too, because a request that comes while there are places free waits for the next
    step only and takes nobody's place in the queue.
    """

    def __init__(self, limits: EngineLimits) -> None:
        self._limits = limits
        self._waiting: deque[ActiveRequest] = deque()
        self._in_flight = 0
        self._open = True
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        """Whether any request waits or is in flight."""
        with self._changed:
            return self._busy()

    def put(self, active: ActiveRequest) -> None:
        """Adds a request at the end.

        Raises:
            QueueFullError: as many wait as may.
            ServerStoppingError: the queue is closed.
        """
        limits = self._limits
        with self._changed:
            if not self._open:
                raise ServerStoppingError("the diffusion engine has stopped: send the request to a server that runs")
            if self._in_flight + len(self._waiting) >= limits.max_in_flight + limits.max_queued:
                raise QueueFullError(
                    f"Exceeds maximum queue size: {limits.max_in_flight} drawings are in flight and "
                    f"{limits.max_queued} wait; try again in a moment"
                )
            self._waiting.append(active)
            self._changed.notify()

    def take(self) -> list[ActiveRequest]:
        """Those whose turn it is, as many as there are places; who is cancelled or overdue leaves with an error.

        Only the loop may call this.
        """
        with self._changed:
            waiting = list(self._waiting)
        # Listeners are asked outside the lock: whatever they do, requests can be added meanwhile.
        leaving = [(active, error) for active in waiting if (error := _why_it_leaves(active))]
        with self._changed:
            for active, _ in leaving:
                self._waiting.remove(active)
            places = min(self._limits.max_in_flight - self._in_flight, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(places)]
            self._in_flight += places
        for active, error in leaving:
            active.tell_error(error)
        return taken

    def leave(self, count: int) -> None:
        """That many requests are in flight no more."""
        with self._changed:
            self._in_flight -= count

    def wait(self) -> bool:
        """Sleeps until there is work; returns False once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy() or not self._open)
            return self._open

    def close(self) -> None:
        """Takes no more requests and wakes who sleeps."""
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def empty(self) -> list[ActiveRequest]:
        """Everybody who waits, taken out without a turn."""
        with self._changed:
            waiting = list(self._waiting)
            self._waiting.clear()
            return waiting

    def _busy(self) -> bool:
        return bool(self._waiting) or self._in_flight > 0


def _why_it_leaves(active: ActiveRequest) -> VisgateServerError | None:
    if active.wants_out():
        return RequestCancelledError("cancelled while it waited for its turn")
    if active.overdue():
        return QueueTimeoutError("Request timeout expired: its turn did not come within the time that it may wait")
    return None
