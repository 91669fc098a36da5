"""Reads pictures out of JPEG, WebP and PNG files; knows nothing about requests or Triton.

A file becomes the very pixels that `visgate_client.read_picture` makes of it, so that it does not matter to a model on
which side of the wire a picture was decoded: upright by its EXIF tag, the first frame of several, transparency on
white, 16-bit grey scaled, colour profiles not applied. Files come from strangers: only these three decoders are used,
and a picture is measured by its header before anything is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from visgate_server.errors import InvalidArgumentError

_MOST_JPEG_SCANS = 128
"""A progressive JPEG draws its picture in scans, ten or so. Each takes time by the picture's size, however few bytes
it has, so that a small file with thousands of them would keep a core busy for minutes."""

_JPEG_SCAN = b"\xff\xda"
_EXIF_ORIENTATION = 0x0112

_TURNS: Mapping[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = MappingProxyType(
    {
        2: lambda rgb: rgb[:, ::-1],
        3: lambda rgb: rgb[::-1, ::-1],
        4: lambda rgb: rgb[::-1],
        5: lambda rgb: rgb.swapaxes(0, 1),
        6: lambda rgb: rgb.swapaxes(0, 1)[:, ::-1],
        7: lambda rgb: rgb[::-1, ::-1].swapaxes(0, 1),
        8: lambda rgb: rgb.swapaxes(0, 1)[::-1],
    }
)
"""What undoes each value of the EXIF tag Orientation (JEITA CP-3451, 4.6.4); 1 is upright already."""


def decode_picture(content: bytes, tensor: str, max_pixels: int) -> NDArray[np.uint8]:
    """The picture in a file.

    Args:
        content: the whole file.
        tensor: how errors name it.
        max_pixels: the most pixels that are accepted; a larger picture is refused by its header.

    Returns:
        UINT8 [height, width, 3], RGB, 0–255.

    Raises:
        InvalidArgumentError: it is empty, damaged, too large, or no JPEG, WebP or PNG.
    """
    if not content:
        raise InvalidArgumentError(f"input {tensor} is empty (0 bytes): send a file's whole content")
    reader = _reader(content)
    if reader is None:
        raise InvalidArgumentError(f"input {tensor} is no picture that is read here: send a JPEG, WebP or PNG file")
    try:
        with reader(io.BytesIO(content), "") as image:
            _check_size(image, content, tensor, max_pixels)
            image.load()
            return np.ascontiguousarray(_upright(image, _opaque_rgb(image)))
    except InvalidArgumentError:
        raise
    except Image.DecompressionBombError as error:
        # Pillow measures WebP by itself, and says so first where a picture is larger than any that it reads.
        raise InvalidArgumentError(
            f"input {tensor} is far too large ({error}); this tool takes at most {max_pixels} pixels in all: make the "
            "picture smaller first"
        ) from error
    except Exception as error:
        raise InvalidArgumentError(
            f"input {tensor} is truncated or damaged ({error}): send the file's whole content"
        ) from error


def check_pixels(width: int, height: int, tensor: str, max_pixels: int) -> None:
    """Refuses a picture that is too large, however it came.

    Raises:
        InvalidArgumentError: it has more than `max_pixels` pixels.
    """
    if width * height > max_pixels:
        raise InvalidArgumentError(
            f"input {tensor} has {width} × {height} pixels; this tool takes at most {max_pixels} in all: make the "
            "picture smaller first"
        )


def _reader(content: bytes) -> Callable[[io.BytesIO, str], ImageFile] | None:
    """What reads a file that begins so; opened directly, since `Image.open` measures by a limit of its own."""
    if content.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    return WebPImageFile if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _check_size(image: Image.Image, content: bytes, tensor: str, max_pixels: int) -> None:
    check_pixels(image.width, image.height, tensor, max_pixels)
    if image.format == "JPEG" and content.count(_JPEG_SCAN) > _MOST_JPEG_SCANS:
        raise InvalidArgumentError(
            f"input {tensor} is a progressive JPEG of more than {_MOST_JPEG_SCANS} scans: write the file anew"
        )


def _opaque_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _rgb_from_16_bit(image)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return np.asarray(Image.alpha_composite(white, image.convert("RGBA")))[:, :, :3]
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _rgb_from_16_bit(image: Image.Image) -> NDArray[np.uint8]:
    """A PNG's grey of 0–65535, where 65535 = 255 × 257; the level that it declares transparent becomes white."""
    deep = np.asarray(image).astype(np.uint32)
    grey = ((deep + 128) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[deep == transparent] = 255
    return np.repeat(grey[:, :, None], 3, axis=2)


def _upright(image: Image.Image, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    try:
        orientation = int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged metadata is no reason to refuse good pixels
        return rgb
    turn = _TURNS.get(orientation)
    return rgb if turn is None else turn(rgb)
