"""The wordings of questions about scenes; what is true is in `questions`.

{x} and {y} are filled in as "the cat", {a} and {b} as "a cat", {many} as "cats", {side} as "left of", {part} as
"on the left", {colour} as "blue".
"""

from collections.abc import Mapping
from dataclasses import dataclass

SIDES: Mapping[str, tuple[str, ...]] = {
    "left of": ("left of", "left of", "to the left of", "on the left of", "on the left side of"),
    "right of": ("right of", "right of", "to the right of", "on the right of", "on the right side of"),
    "above": ("above", "above", "over", "on top of"),
    "below": ("below", "below", "under", "beneath", "underneath"),
}
"""How one object stands to another, the commonest words first."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "centre": ("in the middle", "in the centre", "in the center"),
    "left": ("on the left", "at the left", "on the left side"),
    "right": ("on the right", "at the right", "on the right side"),
    "top": ("at the top", "near the top"),
    "bottom": ("at the bottom", "near the bottom"),
}
"""Where in the picture an object stands."""

COURTESIES = (*("{question}",) * 12, "please tell me {question}", "tell me {question}", "can you tell me {question}",
              "{question} please", "i want to know {question}", "look at the picture {question}")  # fmt: skip


@dataclass(frozen=True)
class QuestionWordings:
    """Ways to ask, by what is asked for."""

    what: tuple[str, ...]
    """What the picture shows."""
    beside: tuple[str, ...]
    """What is on one side of an object."""
    part: tuple[str, ...]
    """What is in one part of the picture."""
    other: tuple[str, ...]
    """What there is apart from an object."""
    background: tuple[str, ...]
    where: tuple[str, ...]
    how_many: tuple[str, ...]
    how_many_of: tuple[str, ...]
    present: tuple[str, ...]
    both_present: tuple[str, ...]
    is_beside: tuple[str, ...]
    is_in_part: tuple[str, ...]
    is_colour: tuple[str, ...]
    own_colour: tuple[str, ...]


_HERE = ("", "", " in the picture", " in this picture", " in the image", " in the photo", " here")


def _with_places(questions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(question + here for question in questions for here in _HERE)


TRAINING = QuestionWordings(
    what=(
        "what is in the picture",
        "what is in this picture",
        "what is in the image",
        "what is in this image",
        "what is in the photo",
        "what is on the picture",
        "what is there",
        "what is here",
        "what is this",
        "what is it",
        "what is that",
        "what do you see",
        "what do you see in the picture",
        "what can you see",
        "what can you see in the image",
        "what does the picture show",
        "what does the image show",
        "what does this picture show",
        "what is shown",
        "what is shown in the picture",
        "what is shown here",
        "what is this a picture of",
        "what is drawn here",
        "which objects are in the picture",
        "which objects do you see",
        "which things are there",
        "what objects are in the image",
        "what things can you see",
        "what kind of object is this",
        "what object is in the picture",
    ),
    beside=(
        "what is {side} {x}",
        "what is {side} {x}",
        "what stands {side} {x}",
        "what do you see {side} {x}",
        "what can be seen {side} {x}",
        "what is there {side} {x}",
        "which object is {side} {x}",
        "what object is {side} {x}",
        "what thing is {side} {x}",
        "which thing stands {side} {x}",
        "{side} {x} there is what",
        "what is the object {side} {x}",
    ),
    part=(
        "what is {part}",
        "what is {part} of the picture",
        "what is {part} of the image",
        "what do you see {part}",
        "what stands {part}",
        "which object is {part}",
        "what object is {part} of the picture",
        "what is the object {part}",
    ),
    other=(
        "what is next to {x}",
        "what is beside {x}",
        "what is near {x}",
        "what else is in the picture besides {x}",
        "what is there apart from {x}",
        "what other object is there besides {x}",
        "what is with {x}",
        "what else do you see next to {x}",
    ),
    background=(
        "what colour is the background",
        "what color is the background",
        "what is the colour of the background",
        "what is the color of the background",
        "what is the background colour",
        "what is the background color",
        "which colour is the background",
        "which color is the background",
        "which colour does the background have",
        "which color does the background have",
        "what colour does the background have",
        "the background has which colour",
        "what background is it",
        "what is the background like",
        "what colour is behind {x}",
        "what color is the background behind {x}",
        "on which colour is {x}",
        "what colour is the floor",
        "what colour is the wall",
        "how is the background coloured",
    ),
    where=(
        *_with_places(("where is {x}", "where do you see {x}", "where can i find {x}", "where does {x} stand")),
        "in which part of the picture is {x}",
        "what is the position of {x}",
        "what is the place of {x}",
        "at which place is {x}",
        "in what part of the image is {x}",
    ),
    how_many=(
        *_with_places(("how many objects are there", "how many things are there")),
        *_with_places(("how many objects do you see", "how many things are")),
        "how many objects are in the picture",
        "how many objects can you see",
        "how many items are there",
        "how many different objects are there",
        "what is the number of objects",
        "count the objects",
        "count the things in the picture",
    ),
    how_many_of=(
        *_with_places(("how many {many} are there", "how many {many} do you see", "how many {many} are")),
        "how many {many} can you see",
        "what is the number of {many}",
        "count the {many}",
    ),
    present=(
        *_with_places(("is there {a}", "do you see {a}", "can you see {a}", "is {a}")),
        "does the picture show {a}",
        "does the image show {a}",
        "is this {a}",
        "is it {a}",
        "is that {a}",
        "is this a picture of {a}",
        "does it show {a}",
        "does the picture have {a}",
        "are there any {many}",
        "are there {many} in the picture",
        "do you see any {many}",
    ),
    both_present=(
        "is there {a} and {b}",
        "are there {a} and {b}",
        "do you see {a} and {b}",
        "are {a} and {b} in the picture",
        "does the picture show {a} and {b}",
        "can you see both {a} and {b}",
        "is there {a} next to {b}",
    ),
    is_beside=(
        "is {x} {side} {y}",
        "is {x} {side} {y}",
        "is {x} {side} {y}",
        "does {x} stand {side} {y}",
        "is there {a} {side} {y}",
        "is there {a} {side} {b}",
        "do you see {a} {side} {y}",
        "can you see {x} {side} {y}",
    ),
    is_in_part=(
        "is {x} {part}",
        "is {x} {part} of the picture",
        "does {x} stand {part}",
        "is there {a} {part}",
        "do you see {a} {part}",
    ),
    is_colour=(
        "is the background {colour}",
        "is the background of the picture {colour}",
        "does it have a {colour} background",
        "is it on a {colour} background",
        "is there a {colour} background",
        "is {x} on a {colour} background",
        "does the picture have a {colour} background",
    ),
    own_colour=(
        "what colour is {x}",
        "what color is {x}",
        "which colour does {x} have",
        "what is the colour of {x}",
        "what is the color of {x}",
        "which color is {x}",
        "how is {x} coloured",
    ),
)

HELD_OUT = QuestionWordings(
    what=("what can be seen here", "what does this image show", "which object is this", "what do you see here"),
    beside=("which object stands {side} {x}", "what can you see {side} {x}", "what is {side} of {x}"),
    part=("what can you see {part}", "what thing is {part} of the image"),
    other=("what stands next to {x}", "what do you see beside {x}"),
    background=(
        "which color does the picture have as background",
        "what colour has the background",
        "background colour",
    ),
    where=("where in the picture is {x}", "where can you see {x}", "where stands {x}"),
    how_many=(
        "how many objects does the picture show",
        "how many things do you see there",
        "what number of things is there",
    ),
    how_many_of=("how many {many} does the picture show", "how many {many} can be seen here"),
    present=("is there any {a} here", "can {a} be seen", "does this picture have {a}", "does the photo show {a}"),
    both_present=("can you see {a} and {b}", "do you see both {a} and {b}"),
    is_beside=("can {x} be seen {side} {y}", "is {x} there {side} {y}"),
    is_in_part=("can {x} be seen {part}", "is {a} {part} of the image"),
    is_colour=("is it a {colour} background", "does this image have a {colour} background"),
    own_colour=("what colour does {x} have", "{x} has which colour"),
)
"""Never trained on: they tell whether questions are understood that were never read. Their words are all known."""
