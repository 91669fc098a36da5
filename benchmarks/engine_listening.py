"""Callers of an engine in this process: they note when things happen; they measure nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from visgate_server.diffusion.draw_request import UInt8Array
from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine


class Caller:
    """Waits for one drawing (a `DrawListener`).

    Attributes:
        finished: when it was handed over, on `time.perf_counter`'s clock.
        step: steps told of.
        drawing: what was handed over.
        wants_out: set it to leave.
    """

    def __init__(self) -> None:
        self.finished = 0.0
        self.step = 0
        self.drawing: Drawing | None = None
        self.wants_out = False
        self._error: Exception | None = None
        self._moved = threading.Condition()
        self._is_over = False

    def on_progress(self, step: int, of: int, preview: UInt8Array | None) -> None:
        with self._moved:
            self.step = step
            self._moved.notify_all()

    def on_result(self, drawing: Drawing) -> None:
        self.finished = time.perf_counter()
        self.drawing = drawing
        self._end()

    def on_error(self, error: Exception) -> None:
        self._error = error
        self._end()

    def is_cancelled(self) -> bool:
        return self.wants_out

    def wait_for_step(self, step: int) -> None:
        """Returns when that step was told of."""
        with self._moved:
            self._moved.wait_for(lambda: self.step >= step or self._is_over)

    def wait_until_over(self) -> None:
        """Returns when there is a drawing, or will be none."""
        with self._moved:
            self._moved.wait_for(lambda: self._is_over)

    def picture(self) -> UInt8Array:
        """Waits for the drawing and returns it, UINT8 [height, width, 3].

        Raises:
            Exception: what the engine said in its place.
        """
        self.wait_until_over()
        if self.drawing is None:
            raise self._error or RuntimeError("the engine ended a request without a word")
        return self.drawing.picture

    def _end(self) -> None:
        with self._moved:
            self._is_over = True
            self._moved.notify_all()


@contextmanager
def running(engine: DiffusionEngine) -> Iterator[None]:
    """Turns the engine's loop in a thread, as the server does."""
    loop = threading.Thread(target=engine.run_forever, name="engine", daemon=True)
    loop.start()
    try:
        yield
    finally:
        engine.stop()
        loop.join()
