"""Writes a response's pictures as files where a request asks for that; knows nothing about models or Triton.

A photo is packed with a little loss, as JPEG or WebP. A picture whose values mean something each (a mask, edges, a
depth map, a colour map) is packed without: as PNG where JPEG was asked for, as lossless WebP where WebP was. So is a
cut-out where JPEG was asked for, which has no transparency.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visgate_server.errors import InvalidArgumentError
from visgate_server.model_spec import PICTURE_FORMAT_TENSOR, ModelSpec
from visgate_server.tool_spec import PictureOutput, file_tensor

RAW = "raw"
_FORMATS = (RAW, "jpeg", "webp")
_WANTED = re.compile(r"^(?P<name>raw|jpeg|webp)(:(?P<quality>\d{1,3}))?$")

_MOST_WEBP_SIDE = 16383
"""Pixels; the format has no room for more (RFC 9649, 2.5 and 3.4). A longer picture is written as PNG."""

# The effort to find a small file, each method's own scale: at 512 × 512 WebP's 2 takes half of the time of the
# default for 4 % more bytes, and its 0 without loss a tenth for 10 % more.
_WEBP_EFFORT = 2
_LOSSLESS_WEBP_EFFORT = {"quality": 0, "method": 0}
_PNG_EFFORT = 1


@dataclass(frozen=True)
class PictureFormat:
    """How a request wants its pictures.

    Attributes:
        name: "raw" for pixels, else "jpeg" or "webp".
        quality: of photos, 1 to 100.
    """

    name: str = RAW
    quality: int = 90

    @property
    def is_raw(self) -> bool:
        """Whether pictures stay pixels."""
        return self.name == RAW


def read_picture_format(spec: ModelSpec, tensors: Mapping[str, NDArray[Any]]) -> PictureFormat:
    """How a request wants its pictures, by its tensor `PICTURE_FORMAT`: "jpeg", or "webp:80" with a quality.

    Raises:
        InvalidArgumentError: it is neither, or its rows differ.
    """
    tensor = tensors.get(PICTURE_FORMAT_TENSOR)
    if tensor is None or not spec.picture_outputs:
        return PictureFormat()
    wanted = {_text(value) for value in tensor.reshape(-1).tolist()}
    match = _WANTED.match(wanted.pop()) if len(wanted) == 1 else None
    quality = int(match["quality"] or PictureFormat.quality) if match else 0
    if match is None or not 1 <= quality <= 100:
        raise InvalidArgumentError(
            f"input {PICTURE_FORMAT_TENSOR} must be one of {', '.join(_FORMATS)}, the same for every row; a quality "
            "from 1 to 100 may follow, as in jpeg:85"
        )
    return PictureFormat(match["name"], quality)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def with_pictures_as(
    picture_format: PictureFormat, spec: ModelSpec, tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """A response's tensors with each picture, [rows, height, width, channels], as files, BYTES [rows, 1].

    A file takes its picture's place under a name of its own. A picture without pixels becomes a file without bytes.
    """
    if picture_format.is_raw:
        return dict(tensors)
    made: dict[str, NDArray[Any]] = {}
    for name, value in tensors.items():
        output = spec.picture_outputs.get(name)
        if output is None:
            made[name] = value
        else:
            files = [[_encode(picture, output, picture_format)] for picture in value]
            made[file_tensor(name)] = np.array(files, np.object_)
    return made


def missing_output(spec: ModelSpec, requested: Iterable[str], made: Mapping[str, Any]) -> str:
    """What is wrong where a caller asks for a picture by the name that it does not have this time; empty if nothing is.

    Triton itself would leave the output out without a word. Who names no outputs is taken to ask for all.
    """
    names = set(requested)
    for name in spec.picture_outputs:
        file = file_tensor(name)
        if file in names and name not in names and name in made:
            return f"output {file} is made on request only: send {PICTURE_FORMAT_TENSOR} with it, jpeg or webp"
        if name in names and file not in names and file in made:
            return f"output {name} comes as a file, as {PICTURE_FORMAT_TENSOR} says: ask for {file} in its place"
    return ""


def _encode(picture: NDArray[np.uint8], output: PictureOutput, wanted: PictureFormat) -> bytes:
    if not picture.size:
        return b""
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    stream = io.BytesIO()
    if wanted.name == "webp" and max(image.size) <= _MOST_WEBP_SIDE:
        if output.is_lossless:
            image.save(stream, "WEBP", lossless=True, exact=True, **_LOSSLESS_WEBP_EFFORT)
        else:
            image.save(stream, "WEBP", quality=wanted.quality, method=_WEBP_EFFORT)
    elif wanted.name == "jpeg" and not output.is_lossless and image.mode == "RGB":
        image.save(stream, "JPEG", quality=wanted.quality)
    else:
        image.save(stream, "PNG", compress_level=_PNG_EFFORT)
    return stream.getvalue()
