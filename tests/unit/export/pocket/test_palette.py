"""The classes of scenes and their colours."""

from __future__ import annotations

import numpy as np

from visgate_export.pocket.objects import OBJECT_NAMES
from visgate_export.pocket.palette import CLASS_COLOURS, CLASS_NAMES, class_number, coloured, voc_colour


def test_colours_are_those_of_pascal_voc() -> None:
    published = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 15: (192, 128, 128), 20: (0, 64, 128)}
    assert {number: voc_colour(number) for number in published} == published
    assert voc_colour(255) == (224, 224, 192)  # the border


def test_every_object_has_a_class_and_a_colour_of_its_own() -> None:
    assert ("background", *OBJECT_NAMES) == CLASS_NAMES
    assert len(set(CLASS_COLOURS)) == len(CLASS_NAMES)
    assert class_number("cat") == 1


def test_a_class_map_is_shown_in_its_colours() -> None:
    shown = coloured(np.array([[0, 1], [2, 0]], np.uint8))
    assert shown.tolist() == [[[0, 0, 0], [128, 0, 0]], [[0, 128, 0], [0, 0, 0]]]
