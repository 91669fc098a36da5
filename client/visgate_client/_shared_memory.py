"""Regions of this host's shared memory; knows no server and sends nothing.

A region is a file in /dev/shm under a name that nobody can guess, locked for as long as its owner lives. The
lock is how the next client tells what a killed one left behind, even across containers that share /dev/shm
but not process numbers.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps POSIX shared memory, not a temporary folder
NAME_PREFIX = "visgate_client_"

SMALLEST_REGION = 1 << 18
_REFERENCES_UNSHOWN = 2  # to what nobody looks into: the region's own and that of the question
_SHARE_OF_FREE = 4  # a region takes a quarter of what is free at most: Triton's own models need /dev/shm too


class NoSharedMemoryError(Exception):
    """No region of that size can be had; it never leaves this package, the call goes over gRPC."""


class Region:
    """A piece of shared memory, of one client and used by one request at a time.

    Attributes:
        name: its name for the server, and its file's name in /dev/shm.
        byte_size: its size.
    """

    def __init__(self, byte_size: int) -> None:
        """Creates the file, takes its memory now and locks it.

        Raises:
            NoSharedMemoryError: there is no such memory, or too little of it.
        """
        self.byte_size = byte_size
        self.name = NAME_PREFIX + secrets.token_hex(16)
        self._path = SHARED_MEMORY / self.name
        try:
            _check_room(byte_size)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NoSharedMemoryError(str(error)) from error
        try:
            self._memory = _claim(self._descriptor, byte_size)
        except (OSError, ValueError) as error:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            os.close(self._descriptor)
            raise NoSharedMemoryError(str(error)) from error
        # `frombuffer`, and not ndarray's own constructor: only that keeps the memory from being unmapped meanwhile.
        self._written: npt.NDArray[np.uint8] | None = np.frombuffer(self._memory, np.uint8)
        self._shown: npt.NDArray[np.uint8] | None = np.frombuffer(self._memory, np.uint8)
        self._shown.flags.writeable = False
        self._address = int(self._shown.__array_interface__["data"][0])
        self._release = weakref.finalize(self, _remove, self._path, self._descriptor, os.getpid())

    @property
    def key(self) -> str:
        """What the server opens it by (shm_open's name)."""
        return "/" + self.name

    def write(self, array: npt.NDArray[Any]) -> None:
        """Copies an array of any strides into the region."""
        np.copyto(np.ndarray(array.shape, array.dtype, buffer=self._written), array)

    def show(self, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Returns the region itself as a read-only array, not copied; `is_shown` while somebody has it.

        Raises:
            ValueError: the region is smaller than that.
        """
        return np.ndarray(shape, dtype, buffer=self._shown)

    @property
    def is_shown(self) -> bool:
        """Whether anybody still has an array that `show` returned, or a view of one."""
        return sys.getrefcount(self._shown) > _REFERENCES_UNSHOWN

    def offset_of(self, array: npt.NDArray[Any]) -> int | None:
        """Returns where in the region a contiguous view of what it shows lies, or None for an array that is none."""
        if array.base is not self._shown:
            return None
        return int(array.__array_interface__["data"][0]) - self._address

    def remove(self) -> None:
        """Removes the file; the memory goes when the server has let go of it too."""
        self._release()
        self._written = self._shown = None
        with contextlib.suppress(BufferError):  # an array looks into it: it goes with that
            self._memory.close()


def region_size(byte_size: int) -> int:
    """Rounds a size up to the next that regions come in, so that they fit pictures of nearly the same size."""
    return max(SMALLEST_REGION, 1 << (byte_size - 1).bit_length())


def sweep() -> None:
    """Removes the files of clients that ended without removing them."""
    for path in SHARED_MEMORY.glob(NAME_PREFIX + "*"):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # gone already, or another user's
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except OSError:
            continue  # its owner lives
        finally:
            os.close(descriptor)


def is_abandoned(name: str) -> bool:
    """Tells whether a region that a server of this host knows was some client's and has no file any more."""
    return name.startswith(NAME_PREFIX) and not (SHARED_MEMORY / name).exists()


def _check_room(byte_size: int) -> None:
    room = os.statvfs(SHARED_MEMORY)
    free = room.f_bavail * room.f_frsize
    if byte_size * _SHARE_OF_FREE > free:
        raise OSError(f"{SHARED_MEMORY} has {free} bytes free, too few for {byte_size} more")


def _claim(descriptor: int, byte_size: int) -> mmap.mmap:
    """Locks a new file, takes its memory and maps it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if os.fstat(descriptor).st_nlink == 0:
        raise OSError("another client swept the file before it was locked")
    # Without room set aside now, whoever first wrote to a full /dev/shm would be killed by SIGBUS.
    os.posix_fallocate(descriptor, 0, byte_size)
    return mmap.mmap(descriptor, byte_size)


def _remove(path: Path, descriptor: int, owner: int) -> None:
    """Removes a region's file, unless this is a fork of the process that owns it."""
    if os.getpid() == owner:
        with contextlib.suppress(OSError):
            path.unlink()
    os.close(descriptor)
