"""Answers are true of the scene, worked out here from where its objects lie; questions are varied and understood."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import islice

import cv2
import numpy as np
import pytest

from visgate_export.pocket.language.architectures import LONGEST_TEXT
from visgate_export.pocket.language.known_words import known_texts
from visgate_export.pocket.language.question_wordings import HELD_OUT, SIDES, TRAINING, QuestionWordings
from visgate_export.pocket.language.questions import OWN_COLOURS, UNKNOWN_THINGS, Question, Topic, ask
from visgate_export.pocket.language.vocabulary import UNKNOWN_TOKEN, make_vocabulary
from visgate_export.pocket.objects import OBJECT_NAMES, OBJECTS
from visgate_export.pocket.scenes import PLACES, Combination, Scene, scenes
from visgate_export.pocket.sprites import read_sprites

OPPOSITES = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


def asked(count: int, wordings: QuestionWordings = TRAINING) -> list[tuple[Scene, Question]]:
    random = np.random.default_rng(3)
    return [(scene, ask(scene.combination, random, wordings)) for scene in islice(scenes(4), count)]


def centre(scene: Scene, name: str) -> tuple[float, float]:
    placed = next(placed for placed in scene.objects if placed.name == name)
    return placed.left + placed.side / 2, placed.top + placed.side / 2


def stands(scene: Scene, name: str, other: str) -> str:
    """How one object stands to another, from their pixels."""
    (across, down), (other_across, other_down) = centre(scene, name), centre(scene, other)
    if abs(other_across - across) > abs(other_down - down):
        return "left of" if across < other_across else "right of"
    return "above" if down < other_down else "below"


def object_in(text: str) -> str | None:
    """The object that a piece of text names, by any of its words."""
    found = [(len(word), known.name) for known in OBJECTS for word in known.words if re.search(rf"\b{word}\b", text)]
    return max(found)[1] if found else None


def side_in(text: str) -> str | None:
    found = [(len(words), side) for side, several in SIDES.items() for words in several if f" {words} " in f" {text} "]
    return max(found)[1] if found else None


def test_what_is_beside_an_object_is_what_lies_there() -> None:
    checked = 0
    for scene, question in asked(8000):
        side, name = side_in(question.text), object_in(question.text)
        if question.topic is not Topic.BESIDE or side is None or name is None:
            continue
        others = [placed.name for placed in scene.objects if placed.name != name]
        is_there = name in scene.combination.objects and others and stands(scene, others[0], name) == side
        assert (object_in(question.answer) == others[0]) if is_there else question.answer == "nothing", question
        checked += 1
    assert checked > 300


def test_where_an_object_is_is_where_it_lies() -> None:
    checked = 0
    for scene, question in asked(5000):
        if question.topic is not Topic.WHERE:
            continue
        name = object_in(question.text)
        if name not in scene.combination.objects:
            assert question.answer == "not in the picture"
        elif len(scene.objects) == 2:
            other = next(placed.name for placed in scene.objects if placed.name != name)
            assert question.answer == f"{stands(scene, name, other)} the {other}"
        else:
            across, down = centre(scene, name)
            word = {
                "on the left": across < 26,
                "on the right": across > 38,
                "at the top": down < 26,
                "at the bottom": down > 38,
            }
            assert word.get(question.answer, 24 < across < 40 and 24 < down < 40), (question, scene)
        checked += 1
    assert checked > 400


def test_is_an_object_beside_another() -> None:
    answers = Counter()
    for scene, question in asked(12000):
        side = side_in(question.text)
        if question.topic is not Topic.YES_OR_NO or side is None:
            continue
        first, last = (
            object_in(part)
            for part in re.split("|".join(sorted(SIDES[side], key=len)[::-1]), question.text, maxsplit=1)
        )
        if first is None or last is None:
            continue
        both = {first, last} == set(scene.combination.objects)
        assert question.answer == ("yes" if both and stands(scene, first, last) == side else "no"), question
        answers[question.answer] += 1
    assert min(answers["yes"], answers["no"]) > 150


def test_counts_colours_and_presence() -> None:
    for scene, question in asked(4000):
        shown = scene.combination
        if question.topic is Topic.BACKGROUND:
            assert question.answer == shown.background
        elif question.topic is Topic.HOW_MANY and re.search("objects|things|items", question.text):
            assert question.answer == str(len(shown.objects))
        elif question.topic is Topic.WHAT:
            assert [object_in(part) for part in question.answer.split(" and ")] == list(shown.objects)
        elif question.topic is Topic.OWN_COLOUR and (name := object_in(question.text)) is not None:
            assert question.answer == (OWN_COLOURS[name] if name in shown.objects else "not in the picture")


def test_an_empty_scene_has_nothing() -> None:
    random, empty = np.random.default_rng(0), Combination((), PLACES[0], "green")
    for question in (ask(empty, random) for _ in range(600)):
        allowed = {
            Topic.WHAT: {"nothing"},
            Topic.BESIDE: {"nothing"},
            Topic.BACKGROUND: {"green"},
            Topic.WHERE: {"not in the picture"},
            Topic.OWN_COLOUR: {"not in the picture"},
            Topic.HOW_MANY: {"0"},
            Topic.YES_OR_NO: {"yes", "no"},
        }[question.topic]
        assert question.answer in allowed
        if question.topic is Topic.YES_OR_NO and question.answer == "yes":
            assert "green" in question.text


def test_the_colours_of_objects_are_those_of_their_pictures() -> None:
    """Each picture has a good many pixels of the colour that it is said to have."""
    hues = {
        "red": (0, 22),
        "orange": (8, 46),
        "yellow": (28, 64),
        "green": (64, 170),
        "blue": (180, 250),
        "purple": (250, 310),
        "pink": (290, 360),
        "brown": (5, 45),
        "golden": (28, 60),
    }
    assert set(OWN_COLOURS) == set(OBJECT_NAMES)
    for name, sprite in read_sprites().items():
        solid = sprite[sprite[..., 3] > 200][:, :3].astype(np.uint8)
        hue, _, bright = cv2.cvtColor(solid[None], cv2.COLOR_RGB2HSV_FULL)[0].T.astype(float)
        hue = hue * 360 / 256
        grey = np.ptp(solid.astype(int), axis=1) < 40
        for word in OWN_COLOURS[name].split(" and "):
            if word in ("white", "black"):
                share = (grey & ((bright > 150) if word == "white" else (bright < 110))).mean()
            else:
                low, high = hues[word]
                inside = (hue >= low) & (hue <= high)
                share = (~grey & (inside | (hue > 345) if word == "red" else inside)).mean()
            assert share > 0.15, (name, word, share)


def test_topics_and_answers_are_balanced() -> None:
    topics, answers = Counter(), defaultdict(Counter)
    for _, question in asked(6000):
        topics[question.topic] += 1
        answers[question.topic][question.answer] += 1
    assert set(topics) == set(Topic)
    assert min(topics.values()) > 500
    yes_or_no = answers[Topic.YES_OR_NO]
    assert 0.4 < yes_or_no["yes"] / yes_or_no.total() < 0.6
    assert answers[Topic.BESIDE]["nothing"] / answers[Topic.BESIDE].total() < 0.6


@pytest.mark.parametrize("wordings", [TRAINING, HELD_OUT])
def test_every_word_is_known_but_the_things_that_no_scene_has(wordings: QuestionWordings) -> None:
    vocabulary = make_vocabulary(known_texts())
    for _, question in asked(5000, wordings):
        encoded = vocabulary.encode(question.text)
        unknown = [token for token in encoded.ids if token == UNKNOWN_TOKEN]
        assert len(unknown) == sum(thing in question.text for thing in UNKNOWN_THINGS)
        assert len(encoded.ids) <= LONGEST_TEXT
        answer = vocabulary.encode(question.answer, add_special_tokens=False)
        assert vocabulary.decode(answer.ids) == question.answer


def test_held_out_wordings_are_held_out() -> None:
    trained = {question.text for _, question in asked(8000)}
    unread = {question.text for _, question in asked(1000, HELD_OUT)}
    assert len(unread - trained) > 0.97 * len(unread)
