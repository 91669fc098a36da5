"""From coarse scores to a map of classes and what it covers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from visgate_server.errors import NetworkError
from visgate_server.segmentation.class_map import WORKING_SIDE, class_map
from visgate_server.segmentation.labels import read_labels
from visgate_server.segmentation.regions import colour_map, regions_of, tinted

NAMES = ("background", "disc", "bar", "speck")
COLOURS = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))


def scores(side: int, **areas: tuple[slice, slice]) -> np.ndarray:
    """Logits that are sure of the background but for the areas."""
    logits = np.full((len(NAMES), side, side), -4, np.float32)
    logits[0] = 0
    for name, area in areas.items():
        logits[NAMES.index(name)][area] = 6
    return logits


def test_a_class_ends_where_the_picture_changes_colour() -> None:
    picture = np.full((64, 64, 3), 220, np.uint8)
    picture[17:43, 17:43] = (30, 40, 200)
    coarse = scores(16, disc=(slice(4, 11), slice(4, 11)))  # 16 to 44, a pixel too wide on either side
    classes = class_map(coarse, picture, background=0)
    true = np.zeros((64, 64), bool)
    true[17:43, 17:43] = True
    found = classes == 1
    assert (found & true).sum() / (found | true).sum() > 0.97


def test_a_class_of_hardly_any_pixels_goes_to_the_next_best() -> None:
    coarse = scores(32, disc=(slice(4, 20), slice(4, 20)), speck=(slice(24, 27), slice(24, 26)))
    picture = np.full((64, 64, 3), 128, np.uint8)
    picture[48:54, 48:52] = (255, 0, 0)  # the speck is there to be seen
    classes = class_map(coarse, picture, background=0)
    assert set(np.unique(classes)) == {0, 1}


def test_a_picture_without_background_is_one_class() -> None:
    coarse = scores(8, bar=(slice(None), slice(None)))
    assert (class_map(coarse, np.zeros((10, 20, 3), np.uint8), background=None) == 2).all()


def test_a_large_picture_gets_a_map_of_its_size() -> None:
    picture = np.zeros((WORKING_SIDE + 100, 40, 3), np.uint8)
    coarse = scores(16, bar=(slice(0, 8), slice(None)))
    classes = class_map(coarse, picture, background=0)
    assert classes.shape == picture.shape[:2]
    assert classes[10, 20] == 2
    assert classes[-10, 20] == 0


def test_regions_are_measured_in_pixels_largest_first() -> None:
    classes = np.zeros((10, 20), np.int64)
    classes[2:6, 3:8] = 1
    classes[0:10, 15:20] = 2
    large, small = regions_of(classes, NAMES, COLOURS, without=0)
    assert (large.label, large.box, large.share) == ("bar", (15, 0, 20, 10), 0.25)
    assert (small.label, small.box, small.colour) == ("disc", (3, 2, 8, 6), COLOURS[1])


def test_the_background_stays_as_it_is_under_the_tint() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    classes = np.zeros((40, 60), np.int64)
    classes[10:30, 5:55] = 2
    shown = tinted(image, colour_map(classes, COLOURS), classes > 0, regions_of(classes, NAMES, COLOURS, without=0))
    assert (shown[classes == 0] == 200).all()
    assert shown[11, 6].tolist() == [100, 164, 100]
    assert (shown[12:28, 15:45] == (0, 128, 0)).all(axis=2).any()  # the label's own ground


def test_labels_are_read_as_the_export_writes_them(tmp_path: Path) -> None:
    entries = {
        "height": 32,
        "width": 48,
        "background": None,
        "classes": [{"name": "wall", "colour": [120, 120, 120]}, {"name": "sky", "colour": [6, 230, 230]}],
    }
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(entries))
    labels = read_labels(path)
    assert (labels.height, labels.width, labels.background) == (32, 48, None)
    assert dict(zip(labels.names, labels.colours, strict=True)) == {"wall": (120, 120, 120), "sky": (6, 230, 230)}
    assert json.loads(labels.to_json()) == entries
    path.write_text("{}")
    with pytest.raises(NetworkError, match="make models"):
        read_labels(path)
