"""Turns a request into clauses, each with the tool that it asks for and the picture that it means; calls nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from visgate_agent.planner.clauses import is_question, noun_splits, split_clauses
from visgate_agent.planner.drawing import Drawing, made_first, read_drawing, with_sources
from visgate_agent.planner.english import PEOPLE
from visgate_agent.planner.filling import settings_only
from visgate_agent.planner.fitting_tools import Reading, candidates, sensible, telling
from visgate_agent.planner.references import (
    AllPhotos,
    Mentioned,
    Named,
    Ordinal,
    Reference,
    read_reference,
    read_source,
)
from visgate_agent.planner.routing import PEOPLE_SHARE, PLAIN_SHARE, THRESHOLD, Route, Spoken, ToolRouter
from visgate_agent.planner.text_arguments import TextRole, is_drawing_tool, needs, required_texts
from visgate_agent.planner.things import read_things, with_nouns
from visgate_agent.planner.tool_words import ResultWords, command_verbs, mentioned_stems, result_stems
from visgate_client import Tool

SPLIT_TOLERANCE = 0.08
"""How much less near its tool half a clause may be than the whole is, for the clause to be taken for two."""

_ASKS_ABOUT_PICTURE = re.compile(
    r"\b(?:left of|right of|above|below|under|underneath|beneath|over|beside|next to|near|between|behind|in front of|"
    r"background|in the middle|at the (?:top|bottom)|on the (?:left|right)|picture|image|drawing|drawn|scene|shown)\b",
    re.I,
)
_ANOTHER = re.compile(r"\b(?:original|again|once more|another time|twice)\b", re.I)


@dataclass(frozen=True)
class PlannedStep:
    """One clause and the tool that it asks for.

    Attributes:
        like: what the tool says of itself that is nearest to the clause; empty where words alone told the tool.
    """

    clause: str
    tool: Tool
    reference: Reference
    like: str = ""


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
    if any(is_drawing_tool(tool) for tool in tools):
        clauses = tuple(part for clause in with_sources(clauses) for part in made_first(clause))
    clauses = _with_settings(clauses, tools)
    if any(needs(tool, TextRole.OBJECT) for tool in tools):
        clauses = with_nouns(clauses, result_stems(tools))
    drawings = {clause: drawing for clause in clauses if (drawing := _new_drawing(clause, tools)) is not None}
    halves = {half for clause in clauses if clause not in drawings for pair in noun_splits(clause) for half in pair}
    texts = tuple(dict.fromkeys((*clauses, *halves)))
    spoken = [_spoken(text, tools) for text in texts]
    routed = zip(texts, await router.route(spoken, tools), strict=True)
    routes = {text: route if route.convincing else _by_form(text, route, tools) for text, route in routed}
    steps: list[PlannedStep] = []
    not_understood: list[str] = []
    for whole in clauses:
        if whole in drawings and not _shows_findings(drawings[whole], routes[whole]):
            before = steps[-1].tool if steps else None
            steps.append(await _drawing_step(whole, drawings[whole], tools, router, before))
            continue
        for clause in _parts(whole, routes) if whole not in drawings else (whole,):
            _append(clause, routes[clause], steps, not_understood)
    return Plan(tuple(steps), tuple(not_understood))


def _with_settings(clauses: Sequence[str], tools: Sequence[Tool]) -> tuple[str, ...]:
    """The clauses, with each that only says how put to the one before: "draw a cat, use the ddim scheduler"."""
    joined: list[str] = []
    for clause in clauses:
        if joined and settings_only(clause, tools):
            joined[-1] = f"{joined[-1]}, {clause}"
        else:
            joined.append(clause)
    return tuple(joined)


def _spoken(clause: str, tools: Sequence[Tool]) -> Spoken:
    things = read_things(clause, result_stems(tools))
    reading = Reading(clause, read_drawing(clause), things, is_question(clause))
    names = frozenset(tool.name for tool in sensible(reading, tools))
    is_person = bool(PEOPLE & set(things.thing.lower().split()))
    return Spoken(clause, names, things.plain, PEOPLE_SHARE if is_person else PLAIN_SHARE)


def _by_form(clause: str, route: Route, tools: Sequence[Tool]) -> Route:
    """The tool that a clause near to none asks for by its form alone; the route as it is if it has no such form."""
    role = TextRole.QUESTION if _ASKS_ABOUT_PICTURE.search(clause) and is_question(clause) else None
    if read_things(clause, result_stems(tools)).other:
        role = TextRole.REPLACEMENT
    fitting = [tool for tool in tools if role is not None and needs(tool, role)]
    return Route(fitting[0], THRESHOLD) if fitting else route


def _new_drawing(clause: str, tools: Sequence[Tool]) -> Drawing | None:
    """What a clause wants drawn that no picture shows yet, if it does and there is a tool for it."""
    drawing = read_drawing(clause)
    replaces = not drawing.source and bool(read_things(clause).other)
    if replaces and any(needs(tool, TextRole.REPLACEMENT) for tool in tools):
        return None  # "draw a dog where the cat is"
    return drawing if drawing.is_new and candidates(drawing, tools) else None


def _shows_findings(drawing: Drawing, route: Route) -> bool:
    """Whether the thing to be drawn is what a tool that draws nothing new makes: "draw a skeleton"."""
    made = ResultWords.of(route.tool).any_picture
    return route.convincing and not is_drawing_tool(route.tool) and bool(mentioned_stems([drawing.prompt]) & made)


async def _drawing_step(
    clause: str, drawing: Drawing, tools: Sequence[Tool], router: ToolRouter, before: Tool | None
) -> PlannedStep:
    fitting = candidates(drawing, tools)
    tool = telling(drawing, fitting, before)
    if tool is None:
        # What is drawn says nothing about the way: "a cat" is as near to one tool as to another.
        way = f"{drawing.rest} {drawing.source}"
        (route,) = await router.route([Spoken(way, frozenset(tool.name for tool in fitting))], tools)
        tool = route.tool
    return PlannedStep(clause, tool, read_source(drawing.source))


def _append(clause: str, route: Route, steps: list[PlannedStep], not_understood: list[str]) -> None:
    drawing = read_drawing(clause) if is_drawing_tool(route.tool) else None
    reference = read_reference(clause) if drawing is None else read_source(drawing.source or drawing.rest)
    last = steps[-1] if steps else None
    if not route.convincing and last is not None and isinstance(reference, Named | Ordinal | AllPhotos):
        # "Read the first page and then the second one": what to do with it was said before.
        steps.append(PlannedStep(clause, last.tool, reference))
    elif not route.convincing:
        not_understood.append(clause)
    elif not required_texts(route.tool) and last is not None and _says_again(clause, route.tool, reference, steps):
        # "Label this image, what category is it?" asks for one thing twice.
        steps[-1] = replace(last, clause=f"{last.clause}, {clause}")
    else:
        steps.append(PlannedStep(clause, route.tool, reference, route.phrase))


def _says_again(clause: str, tool: Tool, reference: Reference, steps: Sequence[PlannedStep]) -> bool:
    return tool.name == steps[-1].tool.name and not _is_another(clause, reference, steps)


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
        of_things = [each for each in (first, second) if needs(each.tool, TextRole.OBJECT)]
        if of_things and all(read_things(half).thing for half in (left, right)):
            # "Locate the cup and the dog": one thing a call.
            routes[left] = routes[right] = of_things[0]
            return (left, right)
        clear = min(first.score, second.score) >= routes[clause].score - SPLIT_TOLERANCE
        if clear and first.convincing and second.convincing and first.tool.name != second.tool.name:
            return (left, right)
    return (clause,)
