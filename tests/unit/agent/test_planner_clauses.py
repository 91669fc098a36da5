"""How the offline planner splits requests, reads values out of clauses and tells which picture is meant."""

from __future__ import annotations

from typing import Any

import pytest
from sample_vision import sample_tool

from visgate_agent.planner.clauses import noun_splits, quoted_strings, split_clauses
from visgate_agent.planner.drawing import made_first, read_drawing, with_sources
from visgate_agent.planner.filling import fill_arguments, missing_arguments
from visgate_agent.planner.references import (
    AllPhotos,
    Content,
    Mentioned,
    Named,
    Newest,
    Ordinal,
    OriginalPhoto,
    Reference,
    read_reference,
    read_source,
)


@pytest.mark.parametrize(
    ("request_text", "clauses"),
    [
        ("Describe the photo", ["Describe the photo"]),
        ("Describe the photo, then find the objects.", ["Describe the photo", "find the objects"]),
        ("Describe it; then enlarge it", ["Describe it", "enlarge it"]),
        ("Cut out the cat and draw its edges", ["Cut out the cat", "draw its edges"]),
        (
            "Cut out the cat, draw the edges, and then enlarge them",
            ["Cut out the cat", "draw the edges", "enlarge them"],
        ),
        ("What is this? And where are the cups?", ["What is this", "where are the cups"]),
        ("First, find the lines. Finally, please upscale it!", ["find the lines", "upscale it"]),
        ("Can you read the text for me, please?", ["read the text"]),
        ("Find the black and white cat", ["Find the black and white cat"]),
        ("Find the first and the last word", ["Find the first and the last word"]),
        ("Look at 03fa_photo.png. Enlarge it.", ["Look at 03fa_photo.png", "enlarge it"]),
        ('Write "cut, then read. And find" on it', ['Write "cut, then read. And find" on it']),
        ("A threshold of 0.5 and find edges", ["A threshold of 0.5", "find edges"]),
        ("find the faces\nread the text", ["find the faces", "read the text"]),
        ("Invert it, invert it and vivify it", ["Invert it", "invert it and vivify it"]),
        ("First find the faces in the first photo", ["find the faces in the first photo"]),
        ("Draw this: a cat", ["Draw this: a cat"]),
        ("Look at this: what is it?", ["Look at this", "what is it"]),
        ("Answer this question: what is left of the cat?", ["what is left of the cat"]),
        ("", []),
        ("?!", []),
    ],
)
def test_requests_fall_into_clauses(request_text: str, clauses: list[str]) -> None:
    assert [clause.lower() for clause in split_clauses(request_text, {"invert"})] == [
        clause.lower() for clause in clauses
    ]


def test_two_nouns_may_share_a_verb() -> None:
    assert ("find the faces", "find the pose") in noun_splits("find the faces and the pose")
    assert noun_splits("find the faces") == ()


def test_quoted_strings_lose_their_marks() -> None:
    assert quoted_strings("write “good day” and 'bye', don't say it's") == ("good day", "bye")


@pytest.mark.parametrize(
    ("clause", "reference"),
    [
        ("enlarge 4b7d_detect-edges_9c1e_03fa.png", Named("4b7d_detect-edges_9c1e_03fa.png")),
        ('describe "holiday.jpeg"', Named("holiday.jpeg")),
        ("read the second photo", Ordinal(1)),
        ("find faces in the last one", Ordinal(-1)),
        ("find faces in the first", Ordinal(0)),
        ("describe picture 2", Ordinal(1)),
        ("read both pages", AllPhotos()),
        ("describe all the photos", AllPhotos()),
        ("enlarge it", Newest()),
        ("upscale", Newest()),
        ("find text in it", Content()),
        ("what does it say", Content()),
        ("enlarge the result", Mentioned(("result",), Newest())),
        ("find the edges of the drawing", Mentioned(("edges of", "drawing"), Newest())),
        ("find the edges of the cut-out", Mentioned(("edges of", "cut-out"), Newest(transformed=True))),
        ("describe the original photo", Mentioned(("original photo",), OriginalPhoto())),
        ("cut out the person", Mentioned(("person",), Content())),
    ],
)
def test_clauses_say_which_picture(clause: str, reference: Reference) -> None:
    assert read_reference(clause) == reference


NUMBER = {"type": "number", "minimum": 0, "maximum": 1}
TOOL = sample_tool(
    "do_things",
    threshold=NUMBER,
    top_k={"type": "integer"},
    factor={"type": "integer"},
    style={"type": "string", "enum": ["soft", "soft_edges", "hard"]},
    colour={"type": "string", "description": "Colour of the background."},
    caption={"type": "string", "description": "Words to write."},
    transparent={"type": "boolean"},
)


@pytest.mark.parametrize(
    ("clause", "arguments"),
    [
        ("find things", {}),
        ("with a threshold of 0.3", {"threshold": 0.3}),
        ("threshold = .25", {"threshold": 0.25}),
        ("at a 40% threshold", {"threshold": 0.4}),
        ("threshold 40 percent", {"threshold": 0.4}),
        ("give the top 3 labels", {"top_k": 3}),
        ("the top five labels", {"top_k": 5}),
        ("make it four times larger", {"factor": 4}),
        ("enlarge 2x", {"factor": 2}),
        ("find 12 cups in 3 rooms", {}),
        ("in the soft style", {"style": "soft"}),
        ("draw soft edges", {"style": "soft_edges"}),
        ("on a green background", {"colour": "green"}),
        ("without transparent parts", {"transparent": False}),
        ("make it transparent", {"transparent": True, "colour": "transparent"}),
    ],
)
def test_values_are_read_out_of_clauses(clause: str, arguments: dict[str, Any]) -> None:
    assert fill_arguments(TOOL, clause) == arguments


def test_quoted_words_fill_free_text() -> None:
    assert fill_arguments(TOOL, 'write "Hello, you"')["caption"] == "Hello, you"


def test_a_number_goes_to_the_argument_that_is_named() -> None:
    tool = sample_tool("find_edges", low_threshold={"type": "number"}, high_threshold={"type": "number"})
    assert fill_arguments(tool, "edges with a low threshold of 50") == {"low_threshold": 50}
    assert fill_arguments(tool, "high threshold 90, low threshold 20") == {"low_threshold": 20, "high_threshold": 90}
    assert fill_arguments(tool, "edges with a threshold of 50") == {}, "which of the two is not said"


def test_required_text_takes_the_clause_and_a_required_number_is_missed() -> None:
    tool = sample_tool(
        "answer", required=("image", "question", "count"), question={"type": "string"}, count={"type": "integer"}
    )
    arguments = fill_arguments(tool, "how old is the house")
    assert arguments == {"question": "how old is the house?"}
    assert missing_arguments(tool, arguments) == ("count",)


# --- drawings ---


@pytest.mark.parametrize(
    ("clause", "prompt", "source"),
    [
        ("draw a cat left of an apple on a blue background", "a cat left of an apple on a blue background", ""),
        ("generate an image of a dog", "a dog", ""),
        ("make me a new picture with two stars above the moon", "two stars above the moon", ""),
        ("I would like a drawing of a rocket", "a rocket", ""),
        ("a picture of a fish", "a fish", ""),
        ("make a picture of a dog from these edges", "a dog", "from these edges"),
        ("draw a red car on a green background from them", "a red car on a green background", "from them"),
        ("draw a red car from them on a green background", "a red car on a green background", "from them"),
        ("draw a chair that follows the edge map on green", "a chair on green", "that follows the edge map"),
        ("use the edges to generate an image of a cat", "a cat", "use the edges"),
        ("with these edges, draw a snowman", "a snowman", "with these edges"),
        ("generate a picture from the depth map showing a boat", "a boat", "from the depth map"),
        ("draw a cat from 4b7d_detect-edges_9c1e_03fa.png", "a cat", "from 4b7d_detect-edges_9c1e_03fa.png"),
        ("draw a boat with the sun above it", "a boat with the sun above it", ""),
        ("draw a bird to the right of a tree", "a bird to the right of a tree", ""),
        ("draw a cup, the background is red", "a cup, the background is red", ""),
        ("draw a bus in 30 steps with a seed of 7", "a bus", ""),
        ("draw a bus with the ddim scheduler", "a bus", ""),
        ("draw a bus, use the dpm solver++ scheduler and 30 steps", "a bus", ""),
        ("draw this: a bus", "a bus", ""),
        ("make a picture of the following: a bus under a star", "a bus under a star", ""),
        (
            "generate a red flower conditioned on the predicted depth",
            "a red flower",
            "conditioned on the predicted depth",
        ),
        ("turn my scribble into a picture of a rose", "a rose", "my scribble"),
        ("fill the white part of the mask with a tree", "a tree", "the mask"),
        ("draw a tree where the mask is white", "a tree", "the mask"),
        ('draw "two cats. And a dog"', "two cats. And a dog", ""),
        ("generate an image from these edges", "", "from these edges"),
    ],
)
def test_what_is_to_be_drawn_and_from_what(clause: str, prompt: str, source: str) -> None:
    drawing = read_drawing(clause, ["steps", "seed"], {"scheduler": ("dpm_solver++", "ddim")})
    assert (drawing.prompt, drawing.source) == (prompt, source)
    assert drawing.is_new
    assert drawing.is_request


@pytest.mark.parametrize(
    "clause",
    [
        "draw the edges of the cut-out",
        "draw its edges",
        "draw a box around the cat",
        "make a sketch of the first picture",
        "give me a mask of the woman",
        "make a drawing of my photo",
        "draw gentle contours of the scene",
        'write "hello" on it',
        "generate a depth map",
        "create a caption",
    ],
)
def test_what_a_picture_shows_already_is_nothing_new(clause: str) -> None:
    assert not read_drawing(clause).is_new


@pytest.mark.parametrize(
    ("clause", "prompt"),
    [
        ("redraw this picture as a dog on a red background", "a dog on a red background"),
        ("turn it into a house", "a house"),
        ("change the cat of the drawing into a bird", "a bird"),
    ],
)
def test_a_change_says_what_the_whole_shows_afterwards(clause: str, prompt: str) -> None:
    drawing = read_drawing(clause)
    assert (drawing.prompt, drawing.is_new, drawing.is_change) == (prompt, False, True)


@pytest.mark.parametrize("clause", ["run canny on this photo", "the soft edges of the original photo", "hello there"])
def test_a_clause_without_words_for_drawing_is_no_request_for_one(clause: str) -> None:
    assert not read_drawing(clause).is_request


def test_what_has_to_be_found_first_is_a_clause_of_its_own() -> None:
    assert made_first("draw a dog from the edges of a.png") == ("find the edges of a.png", "draw a dog from them")
    assert made_first("draw a dog from these edges") == ("draw a dog from these edges",)
    assert made_first("enlarge the edges of a.png") == ("enlarge the edges of a.png",)


def test_words_that_only_say_from_what_belong_to_the_next_clause() -> None:
    assert with_sources(["From these edges", "draw a cat", "enlarge it"]) == (
        "From these edges, draw a cat",
        "enlarge it",
    )
    assert with_sources(["draw a cat", "using this depth map"]) == ("draw a cat", "using this depth map")


DRAWING = sample_tool(
    "scene_from_lines",
    pictures=("picture",),
    required=("image", "prompt"),
    prompt={"type": "string"},
    negative_prompt={"type": "string"},
    steps={"type": "integer"},
    seed={"type": "integer"},
)


@pytest.mark.parametrize(
    ("clause", "arguments"),
    [
        ("draw a bus in 30 steps with seed 7", {"prompt": "a bus", "steps": 30, "seed": 7}),
        ('paint "a bus" from them', {"prompt": "a bus"}),
        ("generate an image from these lines", {}),
    ],
)
def test_a_tool_that_draws_gets_what_is_to_be_drawn(clause: str, arguments: dict[str, Any]) -> None:
    assert fill_arguments(DRAWING, clause) == arguments


@pytest.mark.parametrize(
    ("words", "reference"),
    [
        ("from them", Newest()),
        ("from these edges", Mentioned(("edges",), Newest())),
        ("from the edges", Mentioned(("edges",), Newest())),
        ("from the second photo", Ordinal(1)),
        ("along 4b7d_detect-edges_9c1e_03fa.png", Named("4b7d_detect-edges_9c1e_03fa.png")),
    ],
)
def test_what_is_drawn_from_is_what_was_made_last(words: str, reference: Reference) -> None:
    assert read_source(words) == reference
