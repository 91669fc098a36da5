"""A description says what was found, how sure that is, and leaves out what is doubtful."""

from __future__ import annotations

import pytest

from visgate_server.english_counting import counted, listed, plural
from visgate_server.scene_description import Findings, SeenLine, SeenObject, describe

PERSON = SeenObject("person", 0.61, (10, 0, 90, 200))


def test_objects_are_counted_placed_and_given_with_their_scores() -> None:
    second = SeenObject("person", 0.5, (200, 0, 280, 200))
    cup = SeenObject("cup", 0.57, (260, 10, 290, 40))
    text = describe(Findings(300, objects=(PERSON, cup, second)))
    assert text == "The picture shows two people (50% to 61%) and a cup on the right (57%)."


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((10, 0, 90, 200), "on the left"),
        ((110, 0, 190, 200), "in the middle"),
        ((220, 0, 300, 200), "on the right"),
        ((10, 0, 290, 200), "across the whole width"),
    ],
)
def test_one_object_is_given_its_place(box: tuple[float, float, float, float], place: str) -> None:
    assert f"a cat {place} (70%)" in describe(Findings(300, objects=(SeenObject("cat", 0.7, box),)))


def test_faces_are_counted() -> None:
    text = describe(Findings(300, objects=(PERSON,), face_scores=(0.96,)))
    assert text == "The picture shows a person on the left (61%) and one human face (96%)."
    assert describe(Findings(300, face_scores=(0.8, 0.9))) == "The picture shows two human faces (90%)."


def test_a_label_that_names_the_object_says_more_exactly_what_it_is() -> None:
    cat = SeenObject("cat", 0.48, (0, 0, 290, 200))
    assert "more exactly it looks like “tiger cat”" in describe(Findings(300, objects=(cat,), label=("tiger cat", 0.4)))
    assert "as a whole it looks most like “catamaran”" in describe(
        Findings(300, objects=(cat,), label=("catamaran", 0.4))
    )


def test_doubtful_labels_and_lines_are_left_out() -> None:
    doubtful = Findings(
        300, objects=(PERSON,), label=("football helmet", 0.19), lines=(SeenLine("abc", 0.7), SeenLine("-", 0.99))
    )
    assert describe(doubtful) == describe(Findings(300, objects=(PERSON,)))


def test_text_is_quoted_and_long_text_cut_at_a_word() -> None:
    short = describe(Findings(300, objects=(PERSON,), lines=(SeenLine("No entry", 0.98), SeenLine("Staff only", 0.95))))
    assert short.endswith("The text reads “No entry / Staff only”.")
    long = describe(Findings(300, lines=tuple(SeenLine("forty two letters in every line", 0.9) for _ in range(9))))
    assert long.startswith("The picture shows text, which has nine lines and begins “forty two letters")
    assert len(long) < 260
    quoted = long.split("“")[1].removesuffix(" …”.")
    assert all(word in {*["forty", "two", "letters", "in", "every", "line"], "/"} for word in quoted.split())


def test_a_picture_with_a_label_alone_says_that_nothing_else_stands_out() -> None:
    text = describe(Findings(300, label=("missile", 0.36)))
    assert text == (
        "No known object or face stands out; as a whole the picture looks most like “missile” (ImageNet label, 36%)."
    )


def test_nothing_found_is_said_so() -> None:
    assert "No object, face, label or text" in describe(Findings(300))
    assert describe(Findings(300, label=("bubble", 0.1))) == describe(Findings(300))


def test_many_kinds_are_summed_up() -> None:
    labels = ("cup", "bowl", "fork", "knife", "spoon", "oven", "sink", "vase")
    things = tuple(SeenObject(label, 0.5, (0, 0, 10, 10)) for label in labels)
    assert describe(Findings(300, objects=things)).endswith("an oven on the left (50%) and two more things.")


@pytest.mark.parametrize(
    ("noun", "count", "words"),
    [
        ("person", 1, "a person"),
        ("person", 3, "three people"),
        ("umbrella", 1, "an umbrella"),
        ("bus", 2, "two buses"),
        ("wine glass", 2, "two wine glasses"),
        ("knife", 13, "13 knives"),
        ("sheep", 2, "two sheep"),
        ("scissors", 1, "a pair of scissors"),
        ("skis", 2, "two pairs of skis"),
        ("broccoli", 1, "broccoli"),
        ("couch", 2, "two couches"),
        ("toothbrush", 2, "two toothbrushes"),
    ],
)
def test_things_are_counted_in_english(noun: str, count: int, words: str) -> None:
    assert counted(noun, count) == words


def test_plurals_and_lists() -> None:
    assert plural("baby") == "babies"
    assert plural("donkey") == "donkeys"
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
