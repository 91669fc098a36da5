"""A caller of a streaming model in this process: a channel that keeps what was sent, and waits for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from visgate_server.errors import VisgateServerError

PATIENCE_S = 30
"""On a machine that is busy with other tests, networks take seconds."""


class Caller:
    """A channel that ends in this process: keeps what was sent, and waits for it."""

    def __init__(self) -> None:
        self.received: list[Mapping[str, NDArray[Any]]] = []
        self.endings: list[Mapping[str, NDArray[Any]] | VisgateServerError] = []
        self.has_left = False
        self.is_deaf = False
        self._changed = threading.Condition()

    def send(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        if self.is_deaf:
            raise ConnectionError("nobody listens")
        assert not self.endings, "nothing comes after the end"
        with self._changed:
            self.received.append(tensors)
            self._changed.notify_all()

    def finish(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._end(tensors)

    def fail(self, error: VisgateServerError) -> None:
        self._end(error)

    def is_cancelled(self) -> bool:
        return self.has_left

    def _end(self, ending: Mapping[str, NDArray[Any]] | VisgateServerError) -> None:
        with self._changed:
            self.endings.append(ending)
            self._changed.notify_all()

    def ending(self) -> Mapping[str, NDArray[Any]] | VisgateServerError:
        with self._changed:
            assert self._changed.wait_for(lambda: self.endings, timeout=PATIENCE_S), "no answer came"
        return self.endings[0]

    def wait_for_progress(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, timeout=PATIENCE_S), "no progress came"

    def data(self) -> dict[str, Any]:
        ending = self.ending()
        if isinstance(ending, Exception):
            raise ending
        data: dict[str, Any] = json.loads(ending["DATA"][0, 0])
        return data

    def error(self) -> VisgateServerError:
        ending = self.ending()
        assert isinstance(ending, VisgateServerError), ending
        return ending
