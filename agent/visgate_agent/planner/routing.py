"""Finds the tool that a clause asks for, by nearness of meaning; fills no arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_agent.planner.embedding import TextEmbedder, Vectors
from visgate_agent.planner.file_names import PICTURE_FILE
from visgate_agent.planner.text_arguments import TextRole, needs
from visgate_agent.planner.things import read_things
from visgate_client import Tool

THRESHOLD = 0.4
"""Cosine below which a clause asks for no tool at all; chosen on the tuning part of the instruction set."""

PLAIN_SHARE = 0.9
"""What likeness counts where the things that are spoken of were exchanged for "object" on both sides: less than the
words themselves, so that "cut out the person" is what the tool for people says of itself."""

PEOPLE_SHARE = 0.55
"""The same where the thing is a person: there are tools that know people better than any other thing."""

PLAIN_LEAST = 0.8
"""Likeness below which two clauses do not ask for the same with another thing: they only share the word "object"."""

_ANY_OBJECT = re.compile(r"\b(?:given object|something)\b", re.I)
_PICTURE_FILE = re.compile(rf"{PICTURE_FILE}\b", re.I)


@dataclass(frozen=True)
class Route:
    """The tool nearest to a clause, the cosine between the clause and the nearest of the tool's phrases, and that."""

    tool: Tool
    score: float
    phrase: str = ""

    @property
    def convincing(self) -> bool:
        """Whether the clause is near enough to mean the tool."""
        return self.score >= THRESHOLD


@dataclass(frozen=True)
class Spoken:
    """A clause, and what is known of it before its meaning is looked at.

    Attributes:
        clause: what is asked for.
        among: the names of the tools that may be meant.
        plain: the clause with "object" for the thing that it speaks of; empty if it speaks of none.
        plain_share: what the likeness of that counts, 0-1.
    """

    clause: str
    among: frozenset[str]
    plain: str = ""
    plain_share: float = PLAIN_SHARE


class ToolRouter:
    """Compares clauses with what each tool says of itself: title, first sentence, name, and example phrases."""

    def __init__(self, embedder: TextEmbedder) -> None:
        self._embedder = embedder
        self._known: tuple[tuple[Tool, ...], _Phrases] | None = None

    async def route(self, spoken: Sequence[Spoken], tools: Sequence[Tool]) -> tuple[Route, ...]:
        """The nearest tool of each clause, of those that it may mean; of all if there is none of these.

        Args:
            spoken: the clauses; at least one.
            tools: at least one.

        Raises:
            ChatModelError: the embedding model does not answer.
        """
        phrases = await self._phrases(tuple(tools))
        own, plain = await self._embed_both(
            [without_names(each.clause) for each in spoken], [without_names(each.plain) for each in spoken]
        )
        likeness = own @ phrases.vectors.T
        # Where a clause speaks of a thing, the phrases that do are compared as if it were the same.
        of_things = plain @ phrases.plain.T
        shares = np.array([each.plain_share for each in spoken])[:, None]
        of_things = np.where(of_things >= PLAIN_LEAST, shares * of_things, -1.0)
        speaks = np.array([bool(each.plain) for each in spoken])
        likeness = np.where(speaks[:, None] & phrases.of_things, np.maximum(likeness, of_things), likeness)
        names = {tool.name for tool in tools}
        for row, each in zip(likeness, spoken, strict=True):
            if each.among & names:
                row[[tools[owner].name not in each.among for owner in phrases.owners]] = -1.0
        nearest = np.argmax(likeness, axis=1)
        return tuple(
            Route(tools[phrases.owners[best]], float(row[best]), phrases.said[best])
            for row, best in zip(likeness, nearest, strict=True)
        )

    async def _phrases(self, tools: tuple[Tool, ...]) -> _Phrases:
        # A tool's words change only when the server's models do, and embedding them is most of the work.
        if self._known is None or self._known[0] != tools:
            said = [(phrase, owner) for owner, tool in enumerate(tools) for phrase in self_description(tool)]
            plain = [_plain(phrase) if _speaks_of_things(tools[owner]) else "" for phrase, owner in said]
            vectors, of_things = await self._embed_both([phrase for phrase, _ in said], plain)
            owners = tuple(owner for _, owner in said)
            texts = tuple(phrase for phrase, _ in said)
            self._known = (tools, _Phrases(vectors, of_things, np.array([bool(each) for each in plain]), owners, texts))
        return self._known[1]

    async def _embed_both(self, texts: Sequence[str], plain: Sequence[str]) -> tuple[Vectors, Vectors]:
        """The vectors of texts, and of their plain forms where they have one; no text is embedded twice."""
        forms = [own or text for own, text in zip(plain, texts, strict=True)]
        each = {text: place for place, text in enumerate(dict.fromkeys((*texts, *forms)))}
        vectors = await self._embedder.embed(tuple(each))
        return vectors[[each[text] for text in texts]], vectors[[each[form] for form in forms]]


@dataclass(frozen=True)
class _Phrases:
    """What all tools say of themselves.

    Attributes:
        vectors: Float32 [phrases, dimensions].
        plain: the same with "object" for the things that phrases speak of.
        of_things: bool [phrases]: whether a phrase speaks of a thing that its tool is to be given.
        owners: for each phrase, the place of its tool.
        said: the phrases themselves.
    """

    vectors: Vectors
    plain: Vectors
    of_things: NDArray[np.bool_]
    owners: tuple[int, ...]
    said: tuple[str, ...]


def _speaks_of_things(tool: Tool) -> bool:
    return needs(tool, TextRole.OBJECT) or needs(tool, TextRole.QUESTION)


def _plain(phrase: str) -> str:
    """A tool's phrase with "object" for its thing; "Detect the Given Object" has it already."""
    return read_things(phrase).plain or _ANY_OBJECT.sub("object", phrase)


def self_description(tool: Tool) -> tuple[str, ...]:
    """The phrases that stand for a tool.

    Of the description only the first sentence: later ones say what the tool cannot do, and which other tool can.
    """
    first_sentence = re.split(r"(?<=[.!?:;])\s", tool.description, maxsplit=1)[0]
    return (tool.title, first_sentence, tool.name.replace("_", " "), *tool.examples)


def without_names(clause: str) -> str:
    """The clause with names of picture files made plain words: their letters would only mislead."""
    return _PICTURE_FILE.sub("the picture", clause)
