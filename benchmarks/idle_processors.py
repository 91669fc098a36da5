"""Keeps a virtual machine's processors from being halted while they wait; knows nothing about what is measured.

A processor of a virtual machine that has nothing to do is handed back to the host, and is woken through the host again:
some 0.1 ms, several times in a call that goes through several processes. Linux's `haltpoll` can have it wait for a
while instead (Documentation/virt/guest-halt-polling.rst in Linux's sources).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AWAKE_NS = 5_000_000
"""How long a processor waits before it is halted, longer than a call lasts; in nanoseconds."""

_SETTING = Path("/sys/module/haltpoll/parameters/guest_halt_poll_ns")


def halt_polling_ns() -> int | None:
    """How long an idle processor waits before it is halted, in ns; None where that is not for this system to say."""
    return int(_SETTING.read_text()) if _SETTING.exists() else None


def can_be_kept_awake() -> bool:
    """Whether this process may change that."""
    return os.access(_SETTING, os.W_OK)


@contextmanager
def awake() -> Iterator[None]:
    """Keeps processors awake for the time of a block, and sets back what was set.

    Raises:
        OSError: the setting cannot be written.
    """
    before = _SETTING.read_text()
    _SETTING.write_text(str(AWAKE_NS))
    try:
        yield
    finally:
        _SETTING.write_text(before)
