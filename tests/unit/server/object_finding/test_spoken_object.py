"""What a person looks for is read as a thing, its COCO label and a place."""

from __future__ import annotations

import pytest

from visgate_server.coco_labels import COCO_LABELS
from visgate_server.object_finding.spoken_object import read_object


@pytest.mark.parametrize(
    ("text", "name", "label", "place"),
    [
        ("cat", "cat", "cat", None),
        ("the old cat on the left", "old cat", "cat", "left"),
        ("Find the sofa in the picture.", "sofa", "couch", None),
        ("a television set", "television set", "tv", None),
        ("the leftmost person", "person", "person", "left"),
        ("woman in the red dress", "woman", "person", None),
        ("big brown teddy bear", "big brown teddy bear", "teddy bear", None),
        ("cats", "cats", "cat", None),
        ("the person at the right-hand side", "person", "person", "right"),
        ("cup of coffee", "cup of coffee", "cup", None),
        ("the dog next to the cat", "dog", "dog", None),
        ("the apple in the middle", "apple", "apple", "middle"),
        ("dragon", "dragon", None, None),
        ("hot dog", "hot dog", "hot dog", None),
        ("the largest car", "car", "car", "largest"),
    ],
)
def test_things_are_read(text: str, name: str, label: str | None, place: str | None) -> None:
    spoken = read_object(text)
    assert (spoken.name, spoken.label, spoken.place) == (name, label, place)


def test_the_whole_text_is_kept_for_networks_that_read_it() -> None:
    assert read_object("find the old cat on the left").said == "the old cat on the left"


def test_every_coco_label_is_its_own() -> None:
    assert [read_object(f"the {label}").label for label in COCO_LABELS] == list(COCO_LABELS)


@pytest.mark.parametrize("text", ["", "  ", "the", "find the", "...", "a on the left"])
def test_a_text_without_a_thing_has_no_name(text: str) -> None:
    assert read_object(text).name in ("", "the", "find the", "a")
