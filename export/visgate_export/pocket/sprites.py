"""Reads the objects' pictures from the sheet beside this file, and makes that sheet from the emoji package.

The sheet is in git (Google's Noto Emoji, Apache-2.0, see NOTICE), so drawing a scene needs no download.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.objects import OBJECTS
from visgate_export.sources import NpmSource

SHEET = Path(__file__).with_name("sprites.png")
SPRITE_SIDE = 64
"""Width and height of a sprite in pixels."""

EMOJI = NpmSource(
    package="emoji-datasource-google",
    version="16.0.0",
    sha256="fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
    size=74_344_091,
)


def read_sprites(sheet: Path = SHEET) -> dict[str, npt.NDArray[np.uint8]]:
    """Every object's picture by its name: [64, 64, 4] RGBA 0–255, colours not multiplied by alpha.

    Raises:
        FileNotFoundError: the sheet is missing; it belongs to the source tree.
    """
    pixels = cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise FileNotFoundError(f"{sheet} is missing or damaged: restore it from the source tree")
    rgba = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)
    return {
        scene_object.name: np.ascontiguousarray(rgba[:, index * SPRITE_SIDE : (index + 1) * SPRITE_SIDE])
        for index, scene_object in enumerate(OBJECTS)
    }


def write_sheet(pictures: Path, sheet: Path = SHEET) -> None:
    """Joins the emoji pictures of all objects side by side into one PNG.

    Args:
        pictures: the folder `img/google/64` of the emoji package.
        sheet: where the PNG goes.
    """
    sprites = [
        np.asarray(cv2.imread(str(pictures / f"{scene_object.codepoint}.png"), cv2.IMREAD_UNCHANGED), np.uint8)
        for scene_object in OBJECTS
    ]
    cv2.imwrite(str(sheet), np.concatenate([_with_alpha(sprite) for sprite in sprites], axis=1))


def _with_alpha(sprite: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return sprite if sprite.shape[2] == 4 else np.asarray(cv2.cvtColor(sprite, cv2.COLOR_BGR2BGRA), np.uint8)
