"""Converts pixels of any layout to opaque RGB; reads no file and decodes nothing."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_EXIF_ORIENTATION = 0x0112

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of the EXIF tag Orientation (JEITA CP-3451, 4.6.4); 1 is upright already."""

_SCALED_TO_16_BIT = ("PNG", "PPM")
"""Formats whose 32-bit pixels Pillow has scaled to 0-65535."""


class UnsupportedModeError(Exception):
    """The pixels cannot be converted; it never leaves this package, the message says what they are."""


def rgb_from_array(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Converts an array to RGB.

    Args:
        array: uint8 or bool [height, width], or [height, width, 1], [.., 3] (RGB) or [.., 4] (RGBA, not
            premultiplied); 0-255, or False and True for black and white.

    Returns:
        uint8 [height, width, 3], 0-255; a read-only view where nothing had to be computed.

    Raises:
        UnsupportedModeError: the array has another type, rank or channel count, or no pixels.
    """
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype != np.uint8:
        raise UnsupportedModeError(f"an array of {array.dtype} is no picture, values must be uint8 from 0 to 255")
    if not array.size:
        raise UnsupportedModeError(f"an array of shape {array.shape} has no pixels")
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        hint = ", it looks like channels first: transpose it" if array.ndim == 3 and array.shape[0] in (1, 3, 4) else ""
        raise UnsupportedModeError(f"an array of shape {array.shape} is no picture{hint}")
    if array.shape[2] == 4:
        return _on_white(array[:, :, :3], array[:, :, 3:])
    rgb = array[:] if array.shape[2] == 3 else np.broadcast_to(array, (*array.shape[:2], 3))
    rgb.flags.writeable = False
    return rgb


def rgb_from_pillow(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Converts a loaded Pillow image of any mode to RGB: upright by its EXIF tag, transparency on white.

    Colour profiles are not applied. Of an animation the current frame counts.

    Returns:
        uint8 [height, width, 3], 0-255.

    Raises:
        UnsupportedModeError: the mode has no agreed black and white (32-bit numbers), or no pixels.
    """
    if not image.width or not image.height:
        raise UnsupportedModeError(f"a picture of {image.width} × {image.height} has no pixels")
    transpose = _UPRIGHT.get(_orientation(image))
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in _SCALED_TO_16_BIT):
        rgb = _rgb_from_16_bit(image)
    elif image.mode in ("I", "F"):
        raise UnsupportedModeError(
            f"a picture of 32-bit numbers (mode {image.mode}) does not say which value is white: "
            "scale it to 0-255 and convert it to mode L"
        )
    elif image.has_transparency_data:
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        rgb = np.asarray(Image.alpha_composite(white, rgba))[:, :, :3]
    else:
        rgb = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    return rgb if transpose is None else _transposed(rgb, transpose)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OSError, struct.error):
        return 1  # damaged metadata is no reason to refuse good pixels


def _transposed(rgb: npt.NDArray[np.uint8], transpose: Image.Transpose) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.fromarray(rgb).transpose(transpose))


def _rgb_from_16_bit(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Scales 0-65535 to 0-255 (65535 = 255 × 257); a PNG's transparent grey level becomes white."""
    deep = np.asarray(image).astype(np.uint32)
    grey = ((deep + 128) // 257).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[deep == transparent] = 255
    return np.broadcast_to(grey[:, :, np.newaxis], (*grey.shape, 3))


def _on_white(colour: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lays a picture on white: colour · alpha + 255 · (1 - alpha), rounded (Porter and Duff's "over")."""
    wide_alpha = alpha.astype(np.uint16)
    blended = colour * wide_alpha + np.uint16(255) * (np.uint16(255) - wide_alpha)
    return ((blended + np.uint16(127)) // np.uint16(255)).astype(np.uint8)
