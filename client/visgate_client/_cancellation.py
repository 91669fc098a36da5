"""Gives a call up from outside it, from any thread; knows nothing about gRPC."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancellation:
    """A way to cancel calls from another thread than the one that waits for them.

    Give one to `call` or `stream`, or to several calls, and `cancel` it: each ends with `CallCancelledError`, and
    the server drops its work. A task of asyncio needs none: cancel the task.

    Example::

        stop = Cancellation()
        button.on_click(stop.cancel)
        result = client.call("generate_image", prompt="a cat", cancellation=stop)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callbacks: dict[int, Callable[[], object]] = {}

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancels the calls that have it and those that will be given it; safe to repeat."""
        with self._lock:
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, {}
        for callback in callbacks.values():
            callback()

    def attach(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Has `callback` called when it is cancelled, at once if it is already; returns what detaches it again."""
        key = id(callback)
        with self._lock:
            if not self._cancelled:
                self._callbacks[key] = callback
                return lambda: self._detach(key)
        callback()
        return lambda: None

    def _detach(self, key: int) -> None:
        with self._lock:
            self._callbacks.pop(key, None)
