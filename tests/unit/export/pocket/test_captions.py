"""Captions name what a scene shows, in many ways, and never something else."""

import re

import numpy as np
import pytest

from visgate_export.pocket.captions import HELD_OUT, PLAIN, TRAINING, Wordings, caption
from visgate_export.pocket.objects import COLOUR_WORDS, OBJECTS, object_named
from visgate_export.pocket.scenes import Combination, sample_combination

CAT_AND_APPLE = Combination(("cat", "apple"), "left of", "blue")


def named(text: str) -> set[str]:
    """The objects whose words are in a text; longer words first, so that a cup of coffee is one thing."""
    found = set()
    words = sorted(((word, one.name) for one in OBJECTS for word in one.words), key=lambda pair: -len(pair[0]))
    for word, name in words:
        if re.search(rf"\b{word}\b", text):
            found.add(name)
            text = re.sub(rf"\b{word}\b", " ", text)
    return found


@pytest.mark.parametrize("wordings", [TRAINING, HELD_OUT, PLAIN], ids=["training", "held out", "plain"])
def test_a_caption_names_its_objects_and_its_colour_and_no_other(wordings: Wordings) -> None:
    random = np.random.default_rng(3)
    for _ in range(600):
        combination = sample_combination(random)
        text = caption(combination, random, wordings).text
        assert named(text) == set(combination.objects), text
        colours = {
            name
            for name, words in COLOUR_WORDS.items()
            if any(re.search(rf"\b{w} (?!rose|apple)", text + " ") for w in words)
        }
        assert combination.background in colours or any(w in text for w in COLOUR_WORDS[combination.background]), text


def test_the_plain_wording_is_the_one_that_people_use() -> None:
    random = np.random.default_rng(0)
    texts = {caption(CAT_AND_APPLE, random, PLAIN, plain_names=True).text for _ in range(40)}
    assert texts == {
        "a cat left of an apple on a blue background",
        "an apple right of a cat on a blue background",
    }


def test_wordings_turn_the_relation_round_together_with_the_objects() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        text = caption(CAT_AND_APPLE, random, TRAINING, plain_names=True).text
        cat_first = text.index("cat") < text.index("apple")
        if re.search(r"cat (to the |on the )?left of", text):
            assert cat_first
        if re.search(r"apple (to the |on the )?right of", text):
            assert not cat_first


def test_what_is_left_out_is_told() -> None:
    random = np.random.default_rng(0)
    captions = [caption(CAT_AND_APPLE, random, TRAINING, omit=0.5) for _ in range(300)]
    without = [one for one in captions if one.said.background is None]
    assert 100 < len(without) < 200
    assert not any("blue" in one.text for one in without)
    unordered = [one for one in captions if one.said.arrangement is None]
    assert 100 < len(unordered) < 200
    assert not any(re.search(r"left|right", one.text) for one in unordered)


def test_no_wording_is_both_trained_and_held_out() -> None:
    for part in ("left_of", "above"):
        assert not set(getattr(TRAINING, part)) & set(getattr(HELD_OUT, part))
    for place, wordings in HELD_OUT.places.items():
        assert not set(TRAINING.places[place]) & set(wordings)


def test_every_object_is_known_by_its_name() -> None:
    for one in OBJECTS:
        assert object_named(one.name) is one
    with pytest.raises(KeyError):
        object_named("unicorn")
