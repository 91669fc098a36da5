"""Draws with the exported diffusion networks through the served engine, in this process; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import REPOSITORY
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.drawing import Drawing
from visgate_server.diffusion.engine import DiffusionEngine, open_engine
from visgate_server.models.diffusion import Diffusion

UInt8Array = NDArray[np.uint8]

STEPS, SCHEDULER = 20, "dpm_solver++"
"""The drawing tools' defaults."""
_AT_ONCE = 16
"""Requests that are queued together; the engine's queue takes no more than a bounded number."""


@dataclass(eq=False)
class _Waiting:
    pictures: list[UInt8Array] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def on_progress(self, step: int, of: int, preview: UInt8Array | None) -> None:
        return

    def on_result(self, drawing: Drawing) -> None:
        self.pictures.append(drawing.picture)

    def on_error(self, error: Exception) -> None:
        self.errors.append(error)

    def is_cancelled(self) -> bool:
        return False


@cache
def pocket_engine() -> DiffusionEngine:
    """The engine over the exported networks, opened once.

    Raises:
        NetworkError: they have not been exported.
    """
    return open_engine(REPOSITORY / Diffusion.spec.name / "1")


def draw_all(requests: Sequence[DrawRequest]) -> UInt8Array:
    """The drawings, UINT8 [N, height, width, 3], of requests of one size.

    Raises:
        VisgateServerError: one of them cannot be drawn.
    """
    engine = pocket_engine()
    pictures: list[UInt8Array] = []
    for start in range(0, len(requests), _AT_ONCE):
        waiting = [_Waiting() for _ in requests[start : start + _AT_ONCE]]
        for request, listener in zip(requests[start:], waiting, strict=False):
            engine.add(request, listener)
        while engine.step():
            pass
        for listener in waiting:
            if listener.errors:
                raise listener.errors[0]
            pictures += listener.pictures
    return np.stack(pictures)
