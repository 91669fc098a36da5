"""Keeps other models' streams until Triton's backend has forgotten them too; knows nothing about models.

Triton 2.51's Python backend forgets a stream that was read to its end in a thread of its own, which does not hold
Python's lock (the GIL). If nobody else has the stream by then it is destroyed there, with all its tensors, while Python
works: the process crashes in its allocator, or both wait for each other's locks for ever. So whoever has read a stream
keeps it here. The same thread, one thing after another, also asks the server whether a request was cancelled: where an
answer has come, the streams that had ended before the question are forgotten, and it is safe to let go of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class FinishedStreams:
    """The streams that one model has read; any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: list[object] = []

    def __len__(self) -> int:
        return len(self._streams)

    def keep(self, stream: object) -> None:
        """Keeps a stream whose last response was taken."""
        with self._lock:
            self._streams.append(stream)

    def ask(self, is_cancelled: Callable[[], bool]) -> bool:
        """Asks whether a request was cancelled, and lets go of the streams that had ended before.

        Args:
            is_cancelled: the backend's own question. Once its answer was yes it is remembered and nobody is asked, so
                streams are kept until another request's question is answered with no.
        """
        with self._lock:
            ended = tuple(self._streams)
        cancelled = is_cancelled()
        if ended and not cancelled:
            forgotten = {id(stream) for stream in ended}
            with self._lock:
                self._streams = [stream for stream in self._streams if id(stream) not in forgotten]
        return cancelled
