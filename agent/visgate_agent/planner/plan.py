"""Turns a request into clauses, each with the tool that it asks for and the picture that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from visgate_agent.planner.clauses import noun_splits, split_clauses
from visgate_agent.planner.references import AllPhotos, Mentioned, Named, Ordinal, Reference, read_reference
from visgate_agent.planner.routing import Route, ToolRouter
from visgate_agent.planner.tool_words import ResultWords, command_verbs, mentioned_stems
from visgate_client import Tool

SPLIT_TOLERANCE = 0.08
"""How much less near its tool half a clause may be than the whole is, for the clause to be taken for two."""

_ANOTHER = re.compile(r"\b(?:original|again|once more|another time|twice)\b", re.I)


@dataclass(frozen=True)
class PlannedStep:
    """One clause and the tool that it asks for."""

    clause: str
    tool: Tool
    reference: Reference


@dataclass(frozen=True)
class Plan:
    """What a request asks for, in order.

    Attributes:
        steps: the clauses that ask for a tool.
        not_understood: the clauses that are near no tool.
    """

    steps: tuple[PlannedStep, ...]
    not_understood: tuple[str, ...]


async def make_plan(request: str, tools: Sequence[Tool], router: ToolRouter) -> Plan:
    """Plans a request.

    Raises:
        ChatModelError: the embedding model does not answer.
    """
    clauses = split_clauses(request, command_verbs(tools))
    if not clauses or not tools:
        return Plan((), clauses)
    halves = {half for clause in clauses for pair in noun_splits(clause) for half in pair}
    texts = tuple(dict.fromkeys((*clauses, *halves)))
    routes = dict(zip(texts, await router.route(texts, tools), strict=True))
    steps: list[PlannedStep] = []
    not_understood: list[str] = []
    for clause in (part for whole in clauses for part in _parts(whole, routes)):
        _append(clause, routes[clause], steps, not_understood)
    return Plan(tuple(steps), tuple(not_understood))


def _append(clause: str, route: Route, steps: list[PlannedStep], not_understood: list[str]) -> None:
    reference = read_reference(clause)
    last = steps[-1] if steps else None
    if not route.convincing and last is not None and isinstance(reference, Named | Ordinal | AllPhotos):
        # "Read the first page and then the second one": what to do with it was said before.
        steps.append(PlannedStep(clause, last.tool, reference))
    elif not route.convincing:
        not_understood.append(clause)
    elif last is not None and route.tool.name == last.tool.name and not _is_another(clause, reference, steps):
        # "Label this image, what category is it?" asks for one thing twice.
        steps[-1] = replace(last, clause=f"{last.clause}, {clause}")
    else:
        steps.append(PlannedStep(clause, route.tool, reference))


def _is_another(clause: str, reference: Reference, steps: Sequence[PlannedStep]) -> bool:
    """Whether a clause for the same tool as the step before wants it called once more, perhaps on another picture."""
    if isinstance(reference, Named | Ordinal | AllPhotos):
        return True
    if isinstance(reference, Mentioned):
        stems = mentioned_stems(reference.words)
        if any(stems & ResultWords.of(step.tool).any_picture for step in steps[:-1]):
            return True
    return _ANOTHER.search(clause) is not None


def _parts(clause: str, routes: dict[str, Route]) -> tuple[str, ...]:
    """The clause, or its two halves if they ask for two different tools about as clearly as the whole asks for one."""
    for left, right in noun_splits(clause):
        first, second = routes[left], routes[right]
        clear = min(first.score, second.score) >= routes[clause].score - SPLIT_TOLERANCE
        if clear and first.convincing and second.convincing and first.tool.name != second.tool.name:
            return (left, right)
    return (clause,)
