"""How the offline planner splits requests, reads values out of clauses and tells which picture is meant."""

from __future__ import annotations

from typing import Any

import pytest
from sample_vision import sample_tool

from visgate_agent.planner.clauses import noun_splits, quoted_strings, split_clauses
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
    assert arguments == {"question": "how old is the house"}
    assert missing_arguments(tool, arguments) == ("count",)
