"""How the offline planner reads what is to be found, removed, replaced, asked and extended."""

from __future__ import annotations

from typing import Any

import pytest
from sample_vision import sample_tool

from visgate_agent.planner.filling import fill_arguments, settings_only
from visgate_agent.planner.sides import USUAL_PIXELS, growth
from visgate_agent.planner.text_arguments import TextRole, is_changing_tool, is_drawing_tool, required_texts
from visgate_agent.planner.things import read_things, with_nouns

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("clause", "thing", "other"),
    [
        ("remove the cat", "cat", ""),
        ("erase the light bulb from the drawing", "light bulb", ""),
        ("take the car away", "car", ""),
        ("get rid of that umbrella", "umbrella", ""),
        ("find cats", "cats", ""),
        ("where is the soccer ball", "soccer ball", ""),
        ("put a box around the guitar", "guitar", ""),
        ("make a mask of the balloon", "balloon", ""),
        ("segment the dog on the left", "dog", ""),
        ("replace the sofa with a chair", "sofa", "a chair"),
        ("replace the sofa in this image with a red chair", "sofa", "a red chair"),
        ("swap the moon for a star", "moon", "a star"),
        ("substitute a bus for the car", "car", "a bus"),
        ("turn the cat into a dog", "cat", "a dog"),
        ("put a boat where the car is", "car", "a boat"),
        ("I want a heart instead of the star", "star", "a heart"),
        ("instead of the house I want a rocket there", "house", "a rocket"),
        ("remove the background", "", ""),
        ("find the edges", "", ""),
        ("find all objects", "", ""),
        ("enlarge the picture", "", ""),
        ("turn the drawing into a fish", "", ""),
        ("make it a cartoon", "", ""),
    ],
)
def test_a_clause_says_which_thing_and_what_comes_in_its_place(clause: str, thing: str, other: str) -> None:
    things = read_things(clause, {"edg", "mask"})
    assert (things.thing, things.other) == (thing, other)
    assert bool(things.plain) == bool(thing)


def test_clauses_that_ask_for_the_same_are_plainly_the_same() -> None:
    plain = read_things("replace the sofa of this drawing with a chair").plain
    assert plain == read_things("replace the light bulb of the photo with two stars").plain
    assert plain == "replace the object of the picture with another object"


def test_it_is_the_thing_that_was_named_before() -> None:
    assert with_nouns(["find the dog", "replace it with a bird"]) == ("find the dog", "replace the dog with a bird")
    assert with_nouns(["find the dog", "enlarge it"]) == ("find the dog", "enlarge it")
    assert with_nouns(["draw its edges", "remove it"], {"edg"}) == ("draw its edges", "remove it")


@pytest.mark.parametrize(
    ("clause", "pixels"),
    [
        ("extend the picture to the right", {"right": USUAL_PIXELS}),
        ("extend it upwards by 64 pixels", {"top": 64}),
        ("widen the picture on both sides", {"left": USUAL_PIXELS, "right": USUAL_PIXELS}),
        ("extend the image to 512 x 384", {"width": 512, "height": 384}),
        ("extend it by 32 pixels", dict.fromkeys(("bottom", "left", "right", "top"), 32)),
        ("add space on the left and at the bottom with seed 7", {"left": USUAL_PIXELS, "bottom": USUAL_PIXELS}),
        ("make the canvas larger", {}),
    ],
)
def test_a_clause_says_how_much_larger_a_picture_becomes(clause: str, pixels: dict[str, int]) -> None:
    assert growth(clause) == pixels


FIND = sample_tool("find_object", pictures=("picture",), required=("image", "object"), object=TEXT)
REPLACE = sample_tool(
    "replace_object",
    pictures=("picture",),
    required=("image", "object", "replacement"),
    object=TEXT,
    replacement=TEXT,
    seed=INTEGER,
)
ASK = sample_tool("answer_question", required=("image", "question"), question=TEXT)
EDIT = sample_tool(
    "edit_image",
    pictures=("picture",),
    required=("image", "prompt"),
    prompt={"type": "string", "description": "The instruction: what to change."},
    steps=INTEGER,
    scheduler={"type": "string", "enum": ["ddim", "euler_ancestral"]},
)
EXTEND = sample_tool(
    "extend_image", pictures=("picture",), **dict.fromkeys(("left", "right", "top", "bottom"), INTEGER)
)
DRAW = sample_tool("draw_scene", pictures=("picture",), required=("prompt",), prompt=TEXT)


@pytest.mark.parametrize(
    ("tool", "clause", "arguments"),
    [
        (FIND, "where is the cat", {"object": "cat"}),
        (FIND, "find it", {}),
        (REPLACE, "replace the cat with a dog, seed 3", {"object": "cat", "replacement": "a dog", "seed": 3}),
        (ASK, "what is left of the cat", {"question": "what is left of the cat?"}),
        (EDIT, "make the background red", {"prompt": "make the background red"}),
        (EDIT, "make it a cartoon in 30 steps", {"prompt": "make it a cartoon", "steps": 30}),
        (
            EDIT,
            "make it a cartoon with the euler ancestral scheduler",
            {"prompt": "make it a cartoon", "scheduler": "euler_ancestral"},
        ),
        (EXTEND, "extend it to the left by 32 pixels", {"left": 32}),
    ],
)
def test_each_text_takes_what_it_is_for(tool: Any, clause: str, arguments: dict[str, Any]) -> None:
    assert fill_arguments(tool, clause) == arguments


DIVIDE = sample_tool(
    "divide_picture",
    description="Divides a picture, every part apart.",
    examples=("divide the picture", "divide everything, each part apart", "divide it by kinds of things"),
    pictures=("picture",),
    by={"type": "string", "enum": ["kind", "part"], "default": "kind"},
)


@pytest.mark.parametrize(
    ("clause", "like", "arguments"),
    [
        ("divide it by kind", "", {"by": "kind"}),
        ("divide it into its parts", "", {"by": "part"}),
        ("divide everything", "divide everything, each part apart", {"by": "part"}),
        ("divide everything by kind", "divide everything, each part apart", {"by": "kind"}),
        ("divide things", "divide it by kinds of things", {"by": "kind"}),
        ("divide it", "divide the picture", {}),
        ("divide it", "Divides a picture, every part apart.", {}),
        ("depart partly", "", {}),
    ],
)
def test_a_choice_is_what_the_clause_or_else_the_example_like_it_names(
    clause: str, like: str, arguments: dict[str, Any]
) -> None:
    assert fill_arguments(DIVIDE, clause, like=like) == arguments


def test_a_tool_is_known_by_what_its_texts_are_for() -> None:
    assert required_texts(EDIT) == {"prompt": TextRole.INSTRUCTION}
    assert [is_drawing_tool(tool) for tool in (DRAW, EDIT, REPLACE, ASK)] == [True, False, False, False]
    assert [is_changing_tool(tool) for tool in (DRAW, EDIT, REPLACE, ASK)] == [True, True, True, False]


def test_a_clause_may_say_nothing_but_how() -> None:
    assert settings_only("use the ddim scheduler and 30 steps", [EDIT])
    assert not settings_only("use the ddim scheduler and draw a cat", [EDIT])
