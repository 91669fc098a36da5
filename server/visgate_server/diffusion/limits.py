"""How much the diffusion engine takes on at once."""

from __future__ import annotations

from dataclasses import dataclass

from visgate_server.diffusion.guidance import MOST_ROWS_A_REQUEST
from visgate_server.errors import SpecError


@dataclass(frozen=True)
class EngineLimits:
    """Bounds on the engine's memory and on how long a request can wait.

    Attributes:
        max_in_flight: requests that are drawn at the same time.
        max_queued: requests that wait beyond those; one more is refused.
        max_rows: rows of one UNet call. Requests whose rows exceed it are dealt evenly over several calls, and each
            of them still advances at every step. The default holds every request in flight at two rows each.
        max_pictures: pictures of one call of the VAE, whose memory grows with the picture and not with its latents.
    """

    max_in_flight: int = 32
    max_queued: int = 64
    max_rows: int = 64
    max_pictures: int = 8

    def __post_init__(self) -> None:
        if self.max_in_flight < 1 or self.max_pictures < 1 or self.max_queued < 0:
            raise SpecError("max_in_flight and max_pictures must be at least 1 and max_queued at least 0")
        if self.max_rows < MOST_ROWS_A_REQUEST:
            raise SpecError(f"max_rows must be at least {MOST_ROWS_A_REQUEST}: one request can take that many")
