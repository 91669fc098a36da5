"""How much the diffusion engine takes on at once; the queue and the roster keep to it."""

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
        max_advancing: requests in flight that advance at one step, those with the fewest steps left first; None for
            all of them, which is right where a UNet call costs the same for one row or many, as on a GPU.
        max_rows: rows of one UNet call. Requests whose rows exceed it are dealt evenly over several calls, and each
            of them still advances at every step. The default holds every request in flight at two rows each.
        max_pictures: pictures of one call of the VAE, whose memory grows with the picture and not with its latents.
    """

    max_in_flight: int = 32
    max_queued: int = 64
    max_advancing: int | None = None
    max_rows: int = 64
    max_pictures: int = 8

    def __post_init__(self) -> None:
        if self.max_in_flight < 1 or self.max_pictures < 1 or self.max_queued < 0:
            raise SpecError("max_in_flight and max_pictures must be at least 1 and max_queued at least 0")
        if self.max_advancing is not None and self.max_advancing < 1:
            raise SpecError("max_advancing must be at least 1, or None for everybody in flight")
        if self.max_rows < MOST_ROWS_A_REQUEST:
            raise SpecError(f"max_rows must be at least {MOST_ROWS_A_REQUEST}: one request can take that many")


CPU_LIMITS = EngineLimits(max_advancing=8)
"""What suits a CPU. Beyond 16 rows a call of the pocket UNet on two cores costs 2.1 ms for every row more, and one for
two rows 3.8 ms a row: more company than that saves nothing and delays everybody."""
