"""Makes the sheet of the objects' pictures from the emoji package; nobody who only draws scenes needs it."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.archive_cache import ArchiveCache, default_cache_folder
from visgate_export.errors import WeightFormatError
from visgate_export.pocket.objects import OBJECTS
from visgate_export.pocket.sprites import SHEET, SPRITE_SIDE
from visgate_export.sources import NpmSource

EMOJI = NpmSource(
    package="emoji-datasource-google",
    version="16.0.0",
    sha256="fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    size=74_344_091,
)


def fetch_pictures(cache: ArchiveCache) -> dict[str, Path]:
    """The emoji package's picture file of every object, by the object's name.

    Raises:
        SourceError: the package cannot be fetched, is not the pinned one, or lacks a picture.
    """
    members = {known.name: EMOJI.member(f"img/google/64/{known.codepoint}.png") for known in OBJECTS}
    materials = cache.materials(members.values(), lambda fetched, whole: None)
    return {name: materials.path(member) for name, member in members.items()}


def write_sheet(pictures: Mapping[str, Path], sheet: Path = SHEET) -> None:
    """Joins the pictures of all objects side by side into one PNG.

    Args:
        pictures: PNG files of 64 × 64 pixels by object name.
        sheet: where the PNG goes.

    Raises:
        WeightFormatError: a file is no such picture.
    """
    sprites = [_read(pictures[known.name]) for known in OBJECTS]
    cv2.imwrite(str(sheet), np.concatenate(sprites, axis=1))


def _read(file: Path) -> npt.NDArray[np.uint8]:
    """[64, 64, 4], blue first as OpenCV has it."""
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (SPRITE_SIDE, SPRITE_SIDE):
        raise WeightFormatError(
            f"{file} is no picture of {SPRITE_SIDE} × {SPRITE_SIDE} pixels: remove it and run again to fetch it anew"
        )
    return np.asarray(pixels if pixels.shape[2] == 4 else cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA), np.uint8)


if __name__ == "__main__":
    write_sheet(fetch_pictures(ArchiveCache(default_cache_folder())))
