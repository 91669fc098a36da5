"""Keeps one call's time; waits for nothing itself."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from visgate_client.errors import ArgumentError


class Deadline(NamedTuple):
    """When a whole call, made of several remote ones, has to be over.

    Attributes:
        seconds: what the caller gave, or None for no limit.
        at: the same on the monotonic clock.
    """

    seconds: float | None
    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Starts the clock; infinity means no limit.

        Raises:
            ArgumentError: that is no time.
        """
        if not isinstance(seconds, int | float) or not seconds > 0:  # "not >" catches NaN too
            raise ArgumentError(
                f"timeout: {seconds!r} is no time; give seconds, more than 0, or math.inf for no limit",
                path="timeout",
                expected="seconds, more than 0",
            )
        return cls(None if math.isinf(seconds) else seconds, time.monotonic() + seconds)

    @property
    def left(self) -> float | None:
        """The seconds left, which may be none or fewer; None for no limit."""
        return None if self.seconds is None else self.at - time.monotonic()
