"""Reads the objects' pictures from the sheet beside this file; `sprite_sheet` makes it.

The sheet is in git (Google's Noto Emoji, Apache-2.0, see NOTICE), so drawing a scene needs no download.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.objects import OBJECTS

SHEET = Path(__file__).with_name("sprites.png")
SPRITE_SIDE = 64
"""Width and height of a sprite in pixels."""


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
