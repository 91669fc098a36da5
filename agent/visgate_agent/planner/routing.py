"""Finds the tool that a clause asks for, by nearness of meaning; fills no arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from visgate_agent.planner.embedding import TextEmbedder, Vectors
from visgate_client import Tool

THRESHOLD = 0.4
"""Cosine below which a clause asks for no tool at all; chosen on the tuning part of the instruction set."""

_PICTURE_FILE = re.compile(r"\S+\.(?:png|jpe?g|webp|gif|bmp|tiff?)\b", re.I)


@dataclass(frozen=True)
class Route:
    """The tool nearest to a clause, and the cosine between the clause and the nearest of the tool's phrases."""

    tool: Tool
    score: float

    @property
    def convincing(self) -> bool:
        """Whether the clause is near enough to mean the tool."""
        return self.score >= THRESHOLD


class ToolRouter:
    """Compares clauses with what each tool says of itself: title, first sentence, name, and example phrases."""

    def __init__(self, embedder: TextEmbedder) -> None:
        self._embedder = embedder
        self._known: tuple[tuple[Tool, ...], Vectors, tuple[int, ...]] | None = None

    async def route(
        self, clauses: Sequence[str], tools: Sequence[Tool], among: Collection[str] = ()
    ) -> tuple[Route, ...]:
        """The nearest tool of each clause.

        Args:
            clauses: what is asked for; at least one.
            tools: at least one.
            among: the names of the tools that may be meant; none for all.

        Raises:
            ChatModelError: the embedding model does not answer.
        """
        phrases, owners = await self._phrases(tuple(tools))
        vectors = await self._embedder.embed([without_names(clause) for clause in clauses])
        cosines = vectors @ phrases.T
        if among:
            cosines[:, [tools[owner].name not in among for owner in owners]] = -1.0
        nearest = np.argmax(cosines, axis=1)
        return tuple(Route(tools[owners[best]], float(row[best])) for row, best in zip(cosines, nearest, strict=True))

    async def _phrases(self, tools: tuple[Tool, ...]) -> tuple[Vectors, tuple[int, ...]]:
        # A tool's words change only when the server's models do, and embedding them is most of the work.
        if self._known is None or self._known[0] != tools:
            phrases = [(phrase, owner) for owner, tool in enumerate(tools) for phrase in self_description(tool)]
            vectors = await self._embedder.embed([phrase for phrase, _ in phrases])
            self._known = (tools, vectors, tuple(owner for _, owner in phrases))
        return self._known[1], self._known[2]


def self_description(tool: Tool) -> tuple[str, ...]:
    """The phrases that stand for a tool.

    Of the description only the first sentence: later ones say what the tool cannot do, and which other tool can.
    """
    first_sentence = re.split(r"(?<=[.!?:;])\s", tool.description, maxsplit=1)[0]
    return (tool.title, first_sentence, tool.name.replace("_", " "), *tool.examples)


def without_names(clause: str) -> str:
    """The clause with names of picture files made plain words: their letters would only mislead."""
    return _PICTURE_FILE.sub("the picture", clause)
