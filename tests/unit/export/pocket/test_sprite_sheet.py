"""The sheet of the objects' pictures is what its pictures are, side by side."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from visgate_export.errors import WeightFormatError
from visgate_export.pocket.sprite_sheet import write_sheet
from visgate_export.pocket.sprites import SHEET, read_sprites


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """The sheet in the source tree, cut up again."""
    files = {}
    for name, sprite in read_sprites().items():
        files[name] = tmp_path / f"{name}.png"
        cv2.imwrite(str(files[name]), cv2.cvtColor(sprite, cv2.COLOR_RGBA2BGRA))
    return files


def test_pictures_joined_are_the_sheet(pictures: dict[str, Path], tmp_path: Path) -> None:
    write_sheet(pictures, tmp_path / "sheet.png")
    made, kept = (cv2.imread(str(sheet), cv2.IMREAD_UNCHANGED) for sheet in (tmp_path / "sheet.png", SHEET))
    assert np.array_equal(made, kept)


def test_a_picture_without_transparency_is_opaque(pictures: dict[str, Path], tmp_path: Path) -> None:
    grey = np.full((64, 64, 3), 90, np.uint8)
    cv2.imwrite(str(pictures["cat"]), grey)
    write_sheet(pictures, tmp_path / "sheet.png")
    assert (read_sprites(tmp_path / "sheet.png")["cat"] == (90, 90, 90, 255)).all()


def test_a_picture_of_another_size_is_refused(pictures: dict[str, Path], tmp_path: Path) -> None:
    cv2.imwrite(str(pictures["dog"]), np.zeros((32, 64, 4), np.uint8))
    with pytest.raises(WeightFormatError, match=r"dog\.png.*64 × 64"):
        write_sheet(pictures, tmp_path / "sheet.png")
