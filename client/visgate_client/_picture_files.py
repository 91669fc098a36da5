"""Packs pictures into JPEG, WebP or PNG files for thin links, and unpacks those of results; sends nothing.

A photo is packed with a little loss. A picture whose values mean something each, such as a mask, is packed without: as
PNG where JPEG was asked for, as lossless WebP where WebP was.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from visgate_client._pictures import file_content, picture_file_format, read_picture, unpack_file
from visgate_client.errors import ArgumentError

PictureFormat = Literal["raw", "jpeg", "webp"]
"""How pictures travel: as pixels, or as files of a format."""

_MOST_WEBP_SIDE = 16383
"""Pixels; the format has no room for more (RFC 9649, 2.5 and 3.4). A longer picture is packed as PNG."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, slots=True)
class PicturePacking:
    """How a client's pictures travel.

    Attributes:
        format: as pixels, or as files.
        quality: of photos in files, 1 to 100.
    """

    format: PictureFormat = "raw"
    quality: int = 90

    def __post_init__(self) -> None:
        if self.format not in get_args(PictureFormat):
            expected = "one of " + ", ".join(get_args(PictureFormat))
            raise ArgumentError(
                f"pictures: {self.format!r} is none; give {expected}", path="pictures", expected=expected
            )
        if isinstance(self.quality, bool) or not isinstance(self.quality, int) or not 1 <= self.quality <= 100:
            expected = "a whole number from 1 to 100"
            raise ArgumentError(
                f"picture_quality: got {self.quality!r}; give {expected}", path="picture_quality", expected=expected
            )

    @property
    def is_raw(self) -> bool:
        """Whether pictures travel as pixels."""
        return self.format == "raw"

    def as_text(self) -> str:
        """The same as the protocol says it, as in ``jpeg:90``."""
        return f"{self.format}:{self.quality}"


def pack_picture(value: Any, packing: PicturePacking, *, exact: bool, path: str, max_pixels: int) -> bytes:
    """Returns a picture as a file's bytes.

    What is a JPEG or WebP file already goes as it is, metadata included, measured by its header and not decoded; so
    does a PNG whose values must be kept.

    Args:
        value: a PIL image, an array, a file's path, or a file's bytes.
        packing: how; not raw.
        exact: whether every value must be kept.
        path: how errors name this picture, as in ``arguments.image``.
        max_pixels: the most pixels that are accepted.

    Raises:
        PictureError: as `read_picture`.
    """
    content = file_content(value, path=path)
    if content is not None:
        kind = picture_file_format(content, path=path, max_pixels=max_pixels)
        if kind in ("JPEG", "WEBP") or (exact and kind == "PNG"):
            return content
    return _packed(
        read_picture(value if content is None else content, path=path, max_pixels=max_pixels), packing, exact
    )


def unpack_picture(content: bytes, channels: int) -> npt.NDArray[np.uint8]:
    """Returns a result's picture, uint8 [1, height, width, channels]; without pixels where the file has no bytes.

    Raises:
        PictureFormatError: the bytes are no picture.
    """
    if not content:
        return np.zeros((1, 0, 0, channels), np.uint8)
    pixels = unpack_file(content, _MODES[channels])
    return pixels.reshape(1, *pixels.shape[:2], channels)


def _packed(rgb: npt.NDArray[np.uint8], packing: PicturePacking, exact: bool) -> bytes:
    is_grey = rgb.strides[2] == 0  # three times the same values, as `read_picture` makes them of one channel
    image = Image.fromarray(np.ascontiguousarray(rgb[:, :, 0] if is_grey else rgb))
    stream = io.BytesIO()
    if packing.format == "webp" and max(image.size) <= _MOST_WEBP_SIDE:
        if exact:
            image.save(stream, "WEBP", lossless=True, quality=0, method=0)
        else:
            image.save(stream, "WEBP", quality=packing.quality, method=2)
    elif packing.format == "jpeg" and not exact:
        image.save(stream, "JPEG", quality=packing.quality)
    else:
        image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()
