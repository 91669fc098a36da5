"""Composes a description of a picture from what several tools found in it; a pure function of their findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visgate_server.english_counting import counted, listed, numeral

SURE_LABEL = 0.3
"""ImageNet probability below which the picture's label is not told: it has to name something, whatever it sees."""

SURE_TEXT = 0.85
"""Score below which a line of text is not quoted."""

FEWEST_LETTERS = 2
"""A line with fewer letters and digits is more often a pattern than writing."""

LONGEST_QUOTE = 160
"""Characters of text that are quoted; read_text gives all of it."""

MOST_KINDS = 6
"""Kinds of object that are named; the others are counted."""


@dataclass(frozen=True)
class SeenObject:
    """An object: its label, its score (0–1) and its box x1, y1, x2, y2 in pixels of the picture."""

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class SeenLine:
    """A line of text and its score, 0–1."""

    text: str
    score: float


@dataclass(frozen=True)
class Findings:
    """What the tools found.

    Attributes:
        width: of the picture in pixels.
        objects: strongest first.
        face_scores: one a face, 0–1.
        label: the most likely ImageNet label of the whole picture, and its probability; None if there is none.
        lines: in reading order.
    """

    width: int
    objects: tuple[SeenObject, ...] = ()
    face_scores: tuple[float, ...] = ()
    label: tuple[str, float] | None = None
    lines: tuple[SeenLine, ...] = ()

    @property
    def quotable(self) -> tuple[SeenLine, ...]:
        """The lines that are surely text."""
        return tuple(
            line
            for line in self.lines
            if line.score >= SURE_TEXT and sum(letter.isalnum() for letter in line.text) >= FEWEST_LETTERS
        )

    @property
    def sure_label(self) -> tuple[str, float] | None:
        """The picture's label, if it is probable enough to be told."""
        return self.label if self.label is not None and self.label[1] >= SURE_LABEL else None


def describe(findings: Findings) -> str:
    """One sentence on what the picture shows, and one on its text if it has some.

    Whatever its tool was unsure of is left out; where nothing is left, the description says that.
    """
    sentences = []
    things = [*_objects(findings), *_faces(findings)]
    label = findings.sure_label
    if things:
        sentence = f"The picture shows {listed(things)}"
        sentences.append(f"{sentence}; {_label_beside(findings, label)}." if label else f"{sentence}.")
    elif label:
        sentences.append(
            f"No known object or face stands out; as a whole the picture looks most like {_quoted(label[0])} "
            f"(ImageNet label, {label[1]:.0%})."
        )
    if findings.quotable:
        sentences.append(_text(findings.quotable, beside=bool(sentences)))
    if not sentences:
        return "No object, face, label or text was recognised in the picture with any certainty."
    return " ".join(sentences)


def _objects(findings: Findings) -> list[str]:
    kinds: dict[str, list[SeenObject]] = {}
    for thing in findings.objects:
        kinds.setdefault(thing.label, []).append(thing)
    parts = [_kind(label, things, findings.width) for label, things in list(kinds.items())[:MOST_KINDS]]
    rest = sum(len(things) for things in list(kinds.values())[MOST_KINDS:])
    return [*parts, f"{numeral(rest)} more {'thing' if rest == 1 else 'things'}"] if rest else parts


def _kind(label: str, things: Sequence[SeenObject], width: int) -> str:
    if len(things) == 1:
        return f"{counted(label, 1)} {_place(things[0], width)} ({things[0].score:.0%})"
    scores = sorted(thing.score for thing in things)
    return f"{counted(label, len(things))} ({scores[0]:.0%} to {scores[-1]:.0%})"


def _place(thing: SeenObject, width: int) -> str:
    left, _, right, _ = thing.box
    if right - left > width * 0.75:
        return "across the whole width"
    middle = (left + right) / 2 / width
    if middle < 1 / 3:
        return "on the left"
    return "on the right" if middle > 2 / 3 else "in the middle"


def _faces(findings: Findings) -> list[str]:
    if not findings.face_scores:
        return []
    count = len(findings.face_scores)
    return [f"{numeral(count)} human {'face' if count == 1 else 'faces'} ({max(findings.face_scores):.0%})"]


def _label_beside(findings: Findings, label: tuple[str, float]) -> str:
    name, probability = label
    # A label that contains the object's word says more exactly what it is; any other is about the whole picture.
    words = set(name.lower().replace(",", " ").split())
    if any(set(thing.label.split()) <= words for thing in findings.objects):
        return f"more exactly it looks like {_quoted(name)} (ImageNet label, {probability:.0%})"
    return f"as a whole it looks most like {_quoted(name)} (ImageNet label, {probability:.0%})"


def _text(lines: Sequence[SeenLine], *, beside: bool) -> str:
    """What the text says, as a further sentence or as the only one."""
    opening = "The text" if beside else "The picture shows text, which"
    text = " / ".join(line.text for line in lines)
    if len(text) <= LONGEST_QUOTE:
        return f"{opening} reads {_quoted(text)}."
    cut = text[:LONGEST_QUOTE].rsplit(" ", 1)[0]
    count = f"{numeral(len(lines))} {'line' if len(lines) == 1 else 'lines'}"
    return f"{opening} has {count} and begins {_quoted(cut + ' …')}."


def _quoted(text: str) -> str:
    return f"“{text}”"
