"""Sends the responses of all open requests from one thread; knows nothing about models or Triton.

A response costs the thread that sends it up to a millisecond in the Python backend: a model's loop, which has a step
to run for everybody, must not pay that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from visgate_server.open_response import OpenResponse


class ResponseSender:
    """A thread that delivers whatever has something to be delivered, in turn.

    Args:
        name: of the thread.
        on_closed: called with each response after its last was sent, or could not be.
        on_trouble: called with what a channel raised.
    """

    def __init__(
        self, name: str, on_closed: Callable[[OpenResponse], None], on_trouble: Callable[[Exception], None]
    ) -> None:
        self._on_closed = on_closed
        self._on_trouble = on_trouble
        self._waiting: deque[OpenResponse] = deque()
        self._wakened = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def notify(self, response: OpenResponse) -> None:
        """Lets the thread know that a response has something to deliver; any thread may call."""
        with self._wakened:
            if response not in self._waiting:
                self._waiting.append(response)
                self._wakened.notify()

    def close(self, timeout_s: float) -> None:
        """Sends what waits and ends the thread; gives up on it after so many seconds."""
        with self._wakened:
            self._is_closing = True
            self._wakened.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (response := self._next()) is not None:
            try:
                is_closed = response.deliver()
            except Exception as error:  # noqa: BLE001 - one caller's trouble must not keep the others' responses
                response.abandon()
                self._on_trouble(error)
                is_closed = True
            if is_closed:
                self._on_closed(response)

    def _next(self) -> OpenResponse | None:
        with self._wakened:
            while not self._waiting:
                if self._is_closing:
                    return None
                self._wakened.wait()
            return self._waiting.popleft()
