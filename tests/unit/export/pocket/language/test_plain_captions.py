"""A plain caption tells all of a combination, and only that."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest

from visgate_export.pocket.language.plain_captions import plain_caption, read_plain_caption
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.scenes import PLACES, RELATIONS, Combination, scenes


@pytest.mark.parametrize(
    ("combination", "text"),
    [
        (Combination(("cat", "apple"), "left of", "blue"), "a cat left of an apple on a blue background"),
        (Combination(("grapes", "sun"), "above", "orange"), "some grapes above a sun on an orange background"),
        (Combination(("airplane",), "centre", "red"), "an airplane in the middle on a red background"),
        (Combination(("light bulb",), "bottom", "white"), "a light bulb at the bottom on a white background"),
        (Combination((), "centre", "orange"), "an orange background"),
    ],
)
def test_captions_are_plain_english(combination: Combination, text: str) -> None:
    assert plain_caption(combination) == text
    assert read_plain_caption(text) == combination


def test_every_combination_is_read_back() -> None:
    singles = [Combination((name,), place, "grey") for name in OBJECT_NAMES for place in PLACES]
    pairs = [
        Combination((first, second), relation, colour)
        for first, second in pairwise(OBJECT_NAMES)
        for relation in RELATIONS
        for colour in COLOURS
    ]
    sampled = [scene.combination for scene in islice(scenes(1, held_out=True), 300)]
    for combination in (*singles, *pairs, *sampled):
        assert read_plain_caption(plain_caption(combination)) == combination


@pytest.mark.parametrize(
    "text",
    [
        "a cat on a blue background",
        "a zebra in the middle on a blue background",
        "a cat left of a zebra on a blue background",
        "a cat left of an apple",
        "a cat left of an apple on a pink background",
        "",
    ],
)
def test_other_sentences_are_no_plain_captions(text: str) -> None:
    assert read_plain_caption(text) is None
