"""What the diffusion engine tells about a request: its progress, its drawing, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from visgate_server.diffusion.draw_request import UInt8Array


@dataclass(frozen=True)
class Drawing:
    """A finished drawing and how it came about.

    Attributes:
        picture: UINT8 [height, width, 3], 0–255, RGB.
        seed: the request's.
        steps: denoising steps that were run, fewer than asked for where the drawing started from a picture.
        unet_calls: UNet calls that the request took part in.
        mean_requests: requests that shared such a call, on average; 1 means it was always alone.
        prompt_tokens: tokens of the prompt that were looked at, without the begin and end mark.
        cut_off: the end of the prompt that was too long to be looked at; empty where nothing was lost.
        negative_cut_off: the same of the negative prompt.
    """

    picture: UInt8Array
    seed: int
    steps: int
    unet_calls: int
    mean_requests: float
    prompt_tokens: int
    cut_off: str
    negative_cut_off: str


class DrawListener(Protocol):
    """Whoever waits for a drawing.

    The engine's loop calls these between two steps of everybody's drawings: they must hand over and return. Each
    request that was added ends with one call of `on_result` or `on_error`, and nothing is called after it. A listener
    that raises is taken to be gone: its request leaves, nothing more is called, and no other request notices.
    """

    def on_progress(self, step: int, of: int, preview: UInt8Array | None) -> None:
        """A step was done.

        Args:
            step: how many are done, from 1.
            of: how many there will be.
            preview: UINT8 [height, width, 3], a blurred guess at the drawing, where one is due; smaller than the
                drawing or equal to it. None comes with the last step: the drawing itself follows.
        """
        ...

    def on_result(self, drawing: Drawing) -> None:
        """The drawing is finished."""
        ...

    def on_error(self, error: Exception) -> None:
        """There will be no drawing.

        Args:
            error: a `RequestCancelledError` after `is_cancelled` said so, a `QueueTimeoutError` where the turn did not
                come in time, a `ServerStoppingError` where the engine was stopped, or a `ModelFaultError`.
        """
        ...

    def is_cancelled(self) -> bool:
        """Whether nobody waits any more; asked once a step, and while the request is in the queue."""
        ...
