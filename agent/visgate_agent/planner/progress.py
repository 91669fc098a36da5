"""Finds out how far a plan has come and which calls it can make next; makes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visgate_agent.messages import ToolMessage
from visgate_agent.planner.filling import fill_arguments, missing_arguments
from visgate_agent.planner.history import History
from visgate_agent.planner.plan import Plan, PlannedStep
from visgate_agent.planner.references import AllPhotos
from visgate_agent.planner.resolution import EarlierStep, NoPicture, PictureResolver, Resolved, Waits
from visgate_agent.planner.text_arguments import further_pictures
from visgate_agent.planner.tool_words import result_stems
from visgate_agent.vision import picture_arguments
from visgate_client import Tool


@dataclass(frozen=True)
class NextCall:
    """A call that can be made now, and the clause that asks for it."""

    clause: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """Where a plan stands.

    Attributes:
        next_calls: calls that need nothing that is still to come; none if the plan is done or cannot go on.
        obstacle: why the plan cannot go on, for the user; empty if it can, or is done.
        left_out: the clauses that the obstacle leaves undone.
    """

    next_calls: tuple[NextCall, ...] = ()
    obstacle: str = ""
    left_out: tuple[str, ...] = ()


def follow_plan(plan: Plan, history: History, tools: Sequence[Tool]) -> Progress:
    """The calls that come next, given the answers to those that were made."""
    resolver = PictureResolver(history, tools)
    no_things = result_stems(tools)
    earlier, done = _answered(plan, history)
    to_come = plan.steps[done:]
    if any(answer.error is not None for answer in history.answers):
        return Progress(obstacle="A step failed." if to_come else "", left_out=_clauses(to_come))
    calls: list[NextCall] = []
    for position, step in enumerate(to_come):
        further = _further_picture(step.tool, resolver, earlier)
        resolved = further.main if isinstance(further, _Further) else _pictures(step, resolver, earlier)
        if isinstance(resolved, Waits) or isinstance(further, Waits):
            break
        obstacle = resolved.reason if isinstance(resolved, NoPicture) else ""
        arguments = fill_arguments(step.tool, step.clause, no_things, step.like)
        if further is not None:
            arguments |= further.arguments
        if missing := _missing(step.tool, arguments):
            obstacle = f"{step.tool.name} also needs {', '.join(missing)}, and I do not see it in the request."
        if isinstance(resolved, NoPicture) or obstacle:
            return Progress(tuple(calls), obstacle, _clauses(to_come[position:]))
        for picture in resolved.names:
            given = dict.fromkeys(picture_arguments(step.tool)[:1], picture)
            calls.append(NextCall(step.clause, step.tool.name, given | arguments))
            earlier.append(EarlierStep(step.tool, picture or None, pending=True))
    return Progress(tuple(calls))


def _answered(plan: Plan, history: History) -> tuple[list[EarlierStep], int]:
    """The calls that have answers, and how many steps of the plan they are."""
    earlier: list[EarlierStep] = []
    answers = list(history.answers)
    done = 0
    while answers and done < len(plan.steps):
        step = plan.steps[done]
        calls = _photos_meant(history) if isinstance(step.reference, AllPhotos) else 1
        earlier += [EarlierStep(step.tool, _given(step.tool, answer), pending=False) for answer in answers[:calls]]
        answers = answers[calls:]
        done += 1
    return earlier, done


def _pictures(
    step: PlannedStep, resolver: PictureResolver, earlier: Sequence[EarlierStep]
) -> Resolved | Waits | NoPicture:
    if not picture_arguments(step.tool):
        # One call, with a picture that goes nowhere.
        return Resolved(("",))
    return resolver.resolve(step.reference, step.tool, earlier)


@dataclass(frozen=True)
class _Further:
    """A second picture that was found, and the one that it was made of."""

    arguments: dict[str, Any]
    main: Resolved


def _further_picture(tool: Tool, resolver: PictureResolver, earlier: Sequence[EarlierStep]) -> _Further | Waits | None:
    """The second picture that a tool needs, if one of that name was made: a clause speaks of one picture alone.

    A mask belongs to the picture that it was made of, so that is the one to be worked on.
    """
    for name in further_pictures(tool)[:1]:
        found = resolver.made_as(name, earlier)
        return found if found is None or isinstance(found, Waits) else _Further({name: found[0]}, Resolved(found[1:]))
    return None


def _missing(tool: Tool, arguments: dict[str, Any]) -> tuple[str, ...]:
    further = (name for name in further_pictures(tool) if name not in arguments)
    return (*missing_arguments(tool, arguments), *further)


def _photos_meant(history: History) -> int:
    return len(history.request.pictures or history.photos)


def _given(tool: Tool, answer: ToolMessage) -> str | None:
    names = picture_arguments(tool)
    value = answer.call.parsed_arguments().get(names[0]) if names else None
    return value if isinstance(value, str) else None


def _clauses(steps: Sequence[PlannedStep]) -> tuple[str, ...]:
    return tuple(step.clause for step in steps)
