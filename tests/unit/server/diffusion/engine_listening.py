"""Listens to the engine and draws with it to the end; knows nothing about what is drawn."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from visgate_server.diffusion.draw_request import DrawRequest, UInt8Array
from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine


@dataclass(eq=False)
class Recorder:
    """Keeps what it is told; cancels once it has heard of `cancel_after` steps."""

    cancel_after: int | None = None
    progress: list[tuple[int, int]] = field(default_factory=list)
    previews: list[UInt8Array] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    asked: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def on_progress(self, step: int, of: int, preview: UInt8Array | None) -> None:
        assert not self.ended.is_set()
        self.progress.append((step, of))
        if preview is not None:
            self.previews.append(preview)

    def on_result(self, drawing: Drawing) -> None:
        assert not self.ended.is_set()
        self.drawings.append(drawing)
        self.ended.set()

    def on_error(self, error: Exception) -> None:
        assert not self.ended.is_set()
        self.errors.append(error)
        self.ended.set()

    def is_cancelled(self) -> bool:
        self.asked += 1
        return self.cancel_after is not None and len(self.progress) >= self.cancel_after

    @property
    def drawing(self) -> Drawing:
        """The drawing, or the error that came in its place."""
        if self.errors:
            raise self.errors[0]
        [drawing] = self.drawings
        return drawing


def draw(engine: DiffusionEngine, *requests: DrawRequest) -> list[Drawing]:
    """Adds requests at once and steps until they are drawn."""
    recorders = [Recorder() for _ in requests]
    for request, recorder in zip(requests, recorders, strict=True):
        engine.add(request, recorder)
    step_to_the_end(engine)
    return [recorder.drawing for recorder in recorders]


def step_to_the_end(engine: DiffusionEngine, most: int = 2000) -> int:
    """Steps until nothing is left; returns how many steps that took."""
    for step in range(1, most + 1):
        if not engine.step():
            return step
    raise AssertionError(f"the engine was not done after {most} steps")
