"""A talk of sixteen rounds after Visual ChatGPT's own, as data: what is said, what is called, what must come out.

The talk in the paper (arXiv 2303.04671, its case study of sixteen rounds) goes from greetings over a hand-drawn apple
that becomes a real one, is set in a scene, made a painting, asked about and removed, to a second picture in which
things are replaced, found and described. Its order of operations is kept here, as far as it is known without the
figure at hand; its words are not. The words are those of the pocket networks' world, which has no table, no desk and no
water colours: the scene is a coloured background, the painting a cartoon, and a sofa gives way to a chair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SKETCH = "sketch"
"""The picture that the person brings: white strokes on black, the outlines of an apple."""


@dataclass(frozen=True)
class Call:
    """A tool call that the language model makes.

    Attributes:
        on: the number of the round whose first new picture the tool is given, `SKETCH` for the person's own, or none.
        arguments: all others.
    """

    tool: str
    on: int | str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """What must be true of a round's result; whatever is empty is not looked at.

    Attributes:
        objects: exactly these are seen in the new picture.
        background: its colour.
        says: a word of the tool's answer.
        style: the new picture is nearer to its predecessor in this style than the predecessor itself is.
        keeps: the predecessor stands unchanged in the new picture's lower left corner.
        finds: the middle of this object, in the picture that was given, lies on the mask that came back.
        follows_edges: the new picture has the edges that the tool was given.
    """

    objects: tuple[str, ...] | None = None
    background: str = ""
    says: str = ""
    style: str = ""
    keeps: bool = False
    finds: str = ""
    follows_edges: bool = False


@dataclass(frozen=True)
class Round:
    """One thing that the person says, what the language model does about it, and what it answers."""

    said: str
    reply: str
    call: Call | None = None
    expected: Expected = Expected()
    attaches: str = ""


DIALOGUE: tuple[Round, ...] = (
    Round("Hi, I am Ada.", "Hello Ada! Show me a picture, or tell me what to draw."),
    Round(
        "I like drawing, but I am not good at it. This is an apple.",
        "That is a fine sketch of an apple.",
        attaches=SKETCH,
    ),
    Round(
        "Can you make a real apple of it?",
        "Here is an apple along your lines.",
        Call("image_from_sketch", SKETCH, {"prompt": "an apple on a white background", "seed": 3}),
        Expected(objects=("apple",), background="white"),
    ),
    Round(
        "It looks lonely on white. Give it a blue background.",
        "Now it lies on blue.",
        Call("edit_image", 3, {"prompt": "make the background blue", "seed": 1}),
        Expected(objects=("apple",), background="blue"),
    ),
    Round(
        "Nice! Can you make it a cartoon?",
        "Here it is as a cartoon.",
        Call("edit_image", 4, {"prompt": "make it a cartoon", "seed": 1}),
        Expected(style="cartoon"),
    ),
    Round(
        "What colour is the background of the picture?",
        "It is blue.",
        Call("answer_question", 4, {"question": "What colour is the background?"}),
        Expected(says="blue"),
    ),
    Round(
        "Please remove the apple.",
        "The apple is gone.",
        Call("remove_object", 4, {"object": "apple", "seed": 2}),
        Expected(objects=(), background="blue"),
    ),
    Round(
        "Let us have another picture: a cat and a sofa.",
        "Here are a cat and a sofa.",
        Call("generate_image", None, {"prompt": "a cat left of a sofa on a green background", "seed": 5}),
        Expected(objects=("cat", "sofa"), background="green"),
    ),
    Round(
        "Replace the sofa with a chair.",
        "There is a chair in place of the sofa.",
        Call("replace_object", 8, {"object": "sofa", "replacement": "a chair", "seed": 4}),
        Expected(objects=("cat", "chair"), background="green"),
    ),
    Round(
        "What is left of the chair now?",
        "A cat.",
        Call("answer_question", 9, {"question": "What is left of the chair?"}),
        Expected(says="cat"),
    ),
    Round(
        "Which part of the picture is the cat?",
        "This mask shows it.",
        Call("segment_object", 9, {"object": "cat"}),
        Expected(finds="cat"),
    ),
    Round(
        "Show me the edges of the picture.",
        "Here are its edges.",
        Call("detect_edges", 9, {"low_threshold": 70, "high_threshold": 140}),
    ),
    Round(
        "Draw a dog and a chair along these edges, on red.",
        "A dog sits where the cat sat.",
        Call("image_from_edges", 12, {"prompt": "a dog left of a chair on a red background", "seed": 6}),
        Expected(objects=("chair", "dog"), background="red", follows_edges=True),
    ),
    Round(
        "Describe the picture with the cat.",
        "A cat left of a chair.",
        Call("caption_image", 9),
        Expected(says="cat"),
    ),
    Round(
        "Make that picture wider: extend it to the right.",
        "I went on painting on the right.",
        Call("extend_image", 9, {"right": 64, "seed": 1}),
        Expected(keeps=True),
    ),
    Round("Thank you, that is all.", "It was a pleasure, Ada."),
)
