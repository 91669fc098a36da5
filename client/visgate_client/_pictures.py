"""Turns whatever a caller calls a picture into RGB bytes; knows no tool and sends nothing.

Everything becomes uint8 [height, width, 3], 0-255, upright, opaque on white: see `_modes` for how each of
Pillow's modes gets there. A picture is measured by its header, before it is decoded.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from visgate_client._modes import UnsupportedModeError, rgb_from_array, rgb_from_pillow
from visgate_client.errors import (
    PictureArrayError,
    PictureError,
    PictureFileError,
    PictureFormatError,
    PictureTooLargeError,
)

MAX_PIXELS = 1 << 26
"""Pixels of the largest picture that is decoded for a tool that names no limit: 8192 × 8192."""

ACCEPTED = "a PIL image, a uint8 array of height × width (× 1, 3 or 4), a file's path, or a file's bytes"

# Pillow would hand PostScript to an interpreter and WMF to the operating system; pictures that come from
# strangers get only the decoders of formats that hold nothing but pixels.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
_FORMAT_NAMES = "PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, JPEG 2000, AVIF or ICO"
_PREFIX_BYTES = 16

# What Pillow's decoders are known to raise on damaged files, beside OSError.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ZeroDivisionError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)

_LOADING = threading.Lock()
"""Pillow reads a picture's file when its pixels are first wanted, and not safely from two threads."""


def read_picture(value: Any, *, path: str = "picture", max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint8]:
    """Returns a picture as RGB.

    Args:
        value: a PIL image, an array, a file's path, or a file's bytes.
        path: how errors name this picture, as in ``arguments.image``.
        max_pixels: the most pixels that are accepted.

    Returns:
        uint8 [height, width, 3], 0-255; perhaps a read-only view of the caller's own array.

    Raises:
        PictureFileError: the file is missing, is a directory or may not be read.
        PictureFormatError: the bytes are no picture, or a damaged one.
        PictureArrayError: the array has the wrong type, rank or channel count.
        PictureTooLargeError: there are more than `max_pixels` pixels.
        PictureError: the value is none of the things accepted.
    """
    if isinstance(value, np.ndarray):
        return _load_array(value, path, max_pixels)
    if isinstance(value, Image.Image):
        return _load_pillow(value, path, max_pixels)
    if isinstance(value, bytes | bytearray | memoryview):
        return _load_bytes(bytes(value), path, max_pixels)
    if isinstance(value, str | os.PathLike):
        return _load_file(value, path, max_pixels)
    raise PictureError(f"{path}: a {type(value).__name__} is no picture; give {ACCEPTED}", path=path, expected=ACCEPTED)


def file_content(value: Any, *, path: str) -> bytes | None:
    """Returns the content of what a caller gave as a file's bytes or path; None for anything else.

    Raises:
        PictureFileError: the file is missing, is a directory or may not be read.
        PictureFormatError: it is empty.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str | os.PathLike):
        with _open_file(value, path) as stream:
            return stream.read()
    return None


def picture_file_format(content: bytes, *, path: str, max_pixels: int) -> str:
    """Returns Pillow's name for a file's format, having measured the picture by its header.

    Raises:
        PictureFormatError: the bytes are empty or no picture.
        PictureTooLargeError: there are more than `max_pixels` pixels.
    """
    with _damage_reported(path), _open(_stream_of(content, path)) as image:
        _check_pixels(image.width, image.height, path, max_pixels)
        return str(image.format)


def unpack_file(content: bytes, mode: str) -> npt.NDArray[np.uint8]:
    """Returns the pixels of a file that a server made, read-only, in one of Pillow's modes: L, RGB or RGBA.

    Raises:
        PictureFormatError: the bytes are no picture.
    """
    with _damage_reported("picture"), _open(io.BytesIO(content)) as image:
        return np.asarray(image if image.mode == mode else image.convert(mode))


def _load_array(array: npt.NDArray[Any], path: str, max_pixels: int) -> npt.NDArray[np.uint8]:
    if array.ndim >= 2 and array.size:
        _check_pixels(array.shape[1], array.shape[0], path, max_pixels)
    try:
        return rgb_from_array(array)
    except UnsupportedModeError as error:
        expected = "a uint8 array of height × width, or height × width × 1, 3 (RGB) or 4 (RGBA)"
        raise PictureArrayError(f"{path}: {error}; give {expected}", path=path, expected=expected) from error


def _load_pillow(image: Image.Image, path: str, max_pixels: int) -> npt.NDArray[np.uint8]:
    _check_pixels(image.width, image.height, path, max_pixels)
    with _damage_reported(path):
        with _LOADING:
            image.load()
        return rgb_from_pillow(image)


def _load_bytes(data: bytes, path: str, max_pixels: int) -> npt.NDArray[np.uint8]:
    return _decode(_stream_of(data, path), path, max_pixels)


def _stream_of(data: bytes, path: str) -> IO[bytes]:
    if not data:
        raise PictureFormatError(f"{path}: the picture is empty (0 bytes); give a file's whole content", path=path)
    return io.BytesIO(data)


def _load_file(name: str | os.PathLike[str], path: str, max_pixels: int) -> npt.NDArray[np.uint8]:
    with _open_file(name, path) as stream:
        return _decode(stream, path, max_pixels)


def _open_file(name: str | os.PathLike[str], path: str) -> IO[bytes]:
    try:
        file = Path(name)
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise PictureFileError(f"{path}: {_cut(name)} is {kind}; give the path of a picture file", path=path)
        if status.st_size == 0:
            raise PictureFormatError(f"{path}: {_cut(name)} is empty (0 bytes); was it fully written?", path=path)
        return file.open("rb")
    except (OSError, ValueError, TypeError) as error:  # ValueError: a NUL in the name; TypeError: a path of bytes
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureFileError(
            f"{path}: cannot open {_cut(name)}: {reason}; text is taken for a file's path", path=path
        ) from error


def _decode(stream: IO[bytes], path: str, max_pixels: int) -> npt.NDArray[np.uint8]:
    """Reads the first frame of an encoded picture, having measured it by its header."""
    with _damage_reported(path), _open(stream) as image:
        _check_pixels(image.width, image.height, path, max_pixels)
        image.load()
        return rgb_from_pillow(image)


def _open(stream: IO[bytes]) -> Image.Image:
    """Reads a picture's header.

    As `Image.open` does, but it lets a header's size through for `_check_pixels` to refuse: Pillow's own check
    forgets the size, and warns instead of refusing up to a limit of its own.
    """
    Image.init()
    prefix = stream.read(_PREFIX_BYTES)
    for name in _FORMATS:
        if name not in Image.OPEN:
            continue
        factory, accepts = Image.OPEN[name]
        # A text in place of a yes is Pillow's way to say that it was built without this format.
        if accepts is not None and accepts(prefix) is True:
            stream.seek(0)
            return factory(stream, "")
    raise UnidentifiedImageError


def _check_pixels(width: int, height: int, path: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise _too_large(f"a picture of {width} × {height} has {width * height:,} pixels", path, max_pixels)


def _too_large(what: str, path: str, max_pixels: int) -> PictureTooLargeError:
    return PictureTooLargeError(
        f"{path}: {what}, more than the {max_pixels:,} that are accepted; make it smaller first",
        path=path,
        expected=f"a picture of at most {max_pixels:,} pixels",
    )


@contextlib.contextmanager
def _damage_reported(path: str) -> Iterator[None]:
    """Turns what Pillow raises for a bad picture into errors of this package's tree."""
    try:
        yield
    except PictureError:
        raise
    except UnsupportedModeError as error:
        raise PictureFormatError(f"{path}: {error}; give {ACCEPTED}", path=path) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Formats that hold pictures within pictures are measured while they are read.
        raise _too_large(f"the picture holds one that is far too large ({error})", path, MAX_PIXELS) from error
    except UnidentifiedImageError as error:
        raise PictureFormatError(
            f"{path}: the bytes are not a picture in a format that is read here; give {_FORMAT_NAMES}", path=path
        ) from error
    except _DAMAGE as error:
        raise PictureFormatError(
            f"{path}: the picture is truncated or damaged ({error}); get the whole file again", path=path
        ) from error


def _cut(name: Any) -> str:
    text = repr(os.fspath(name))
    return text if len(text) <= 120 else text[:117] + "..."
