"""Measures and tidies the shared memory that Triton's Python backend uses; knows nothing about processes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the kernel's own place for it, not a temporary file

BYTES_PER_INSTANCE = 1 << 20
"""What the Python backend takes for each model instance when it starts (its `shm-default-byte-size`)."""

WORKING_BYTES = 256 << 20
"""What pictures need beside that, as a recommendation.

Measured with an echo model on Triton 2.51: an instance's region grows to 9 MB with a picture of one megapixel,
35 MB with four and 133 MB with sixteen, and keeps that size; a client's own region comes on top.
"""

REGION_PREFIX = "triton_python_backend_shm_region_"
"""How the Python backend names its regions unless told otherwise."""


@dataclass(frozen=True)
class SharedMemory:
    """The size of the shared memory file system, in bytes."""

    total_bytes: int
    free_bytes: int


def measure_shared_memory(folder: Path = SHARED_MEMORY) -> SharedMemory | None:
    """The size of the file system at `folder`, or None if there is none."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return SharedMemory(usage.total, usage.free)


def regions(prefix: str, folder: Path = SHARED_MEMORY) -> tuple[Path, ...]:
    """The regions whose name begins with `prefix`."""
    return tuple(sorted(path for path in folder.glob("*") if path.name.startswith(prefix)))


def remove_regions(prefix: str, folder: Path = SHARED_MEMORY) -> int:
    """Removes those regions and says how many there were. Only for when nothing uses them any more."""
    found = regions(prefix, folder)
    for region in found:
        region.unlink(missing_ok=True)
    return len(found)
