"""Tells which tools a clause may mean by what it asks to be drawn, changed or found; embeds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from visgate_agent.planner.drawing import Drawing
from visgate_agent.planner.english import DETERMINERS, SHOWN_THINGS
from visgate_agent.planner.stems import stem
from visgate_agent.planner.text_arguments import TextRole, further_pictures, is_drawing_tool, needs
from visgate_agent.planner.things import Things
from visgate_agent.planner.tool_words import ResultWords, is_looking_tool, mentioned_stems
from visgate_agent.vision import picture_arguments
from visgate_client import Tool

_NAME, _TITLE, _EXAMPLE = 2.0, 1.5, 1.0
"""What a word of the request counts for a tool that has it in its name, its title, or one of its examples."""

_UNSAID = 0.1
"""What a word of the tool's name that the request does not say counts against it: "edges" are not soft edges."""


def candidates(drawing: Drawing, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tools that may be meant: those that draw, from a picture if the request speaks of one, else from nothing."""
    drawing_tools = [tool for tool in tools if is_drawing_tool(tool)]
    words = set(drawing.source.lower().split())
    if with_named := [tool for tool in drawing_tools if words & set(further_pictures(tool))]:
        return tuple(with_named)
    pictures = 1 if drawing.source else 0
    return tuple(tool for tool in drawing_tools if len(picture_arguments(tool)) == pictures)


@dataclass(frozen=True)
class Reading:
    """A clause as it was read: what it wants drawn, which thing it speaks of, and whether it asks a question."""

    clause: str
    drawing: Drawing
    things: Things
    is_question: bool


def sensible(reading: Reading, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tools that a clause may mean at all: those whose texts it has words for."""
    return tuple(tool for tool in tools if _has_words_for(reading, tool, _own_words(tool, tools)))


def telling(drawing: Drawing, fitting: Sequence[Tool], before: Tool | None) -> Tool | None:
    """The one tool that has the words for the picture that is drawn from: "edges" of `image_from_edges`.

    Args:
        drawing: the request.
        fitting: the tools that may be meant.
        before: the tool of the step before; "from them" means what it made.
    """
    if len(fitting) == 1:
        return fitting[0]
    nothing_said = frozenset(map(stem, SHOWN_THINGS | DETERMINERS))
    spoken = [mentioned_stems([drawing.source]) - nothing_said]
    if before is not None:
        spoken.append(mentioned_stems(before.name.split("_")) | ResultWords.of(before).any_picture)
    for stems in spoken:
        counts = {tool.name: _likeness(stems, tool, fitting) for tool in fitting}
        best = max(counts.values())
        meant = [tool for tool in fitting if counts[tool.name] == best]
        if best > 0.5 and len(meant) == 1:
            return meant[0]
    return None


def _has_words_for(reading: Reading, tool: Tool, own_words: Collection[str]) -> bool:
    drawing, things = reading.drawing, reading.things
    if any(name not in reading.clause.lower() for name in further_pictures(tool)):
        return False  # nothing tells which the further picture would be
    if is_drawing_tool(tool):
        # "The pose" asks for what a tool takes, not for what it makes; "a dancer in this pose" for what it makes.
        asks_for_source = bool(picture_arguments(tool)) and bool(mentioned_stems([drawing.prompt]) & set(own_words))
        without_picture = drawing.is_change and not picture_arguments(tool)
        return drawing.is_request and not without_picture and not asks_for_source
    if needs(tool, TextRole.QUESTION):
        return reading.is_question
    if needs(tool, TextRole.REPLACEMENT):
        return bool(things.other)
    if needs(tool, TextRole.OBJECT):
        return bool(things.thing) and not things.other and (is_looking_tool(tool) or not reading.is_question)
    return True


def _own_words(tool: Tool, tools: Sequence[Tool]) -> frozenset[str]:
    """The stems of a drawing tool's name and title that most other drawing tools have not."""
    if not is_drawing_tool(tool):
        return frozenset()
    common = _common([each for each in tools if is_drawing_tool(each)], _name_and_title)
    return frozenset(_name_and_title(tool) - common)


def _likeness(spoken: frozenset[str], tool: Tool, fitting: Sequence[Tool]) -> float:
    name = _name(tool) - _common(fitting, _name)
    title = _title(tool) - _common(fitting, _title) - name
    examples = _examples(tool) - _common(fitting, _examples) - name - title
    said = _NAME * len(spoken & name) + _TITLE * len(spoken & title) + _EXAMPLE * len(spoken & examples)
    return said - _UNSAID * len(name - spoken)


def _common(tools: Sequence[Tool], words: _Words) -> frozenset[str]:
    """The words that at least half of the tools have: they tell none of them from the others."""
    counts = Counter(word for tool in tools for word in words(tool))
    return frozenset(word for word, count in counts.items() if count > 1 and 2 * count >= len(tools))


def _name(tool: Tool) -> frozenset[str]:
    return mentioned_stems(tool.name.split("_"))


def _title(tool: Tool) -> frozenset[str]:
    return mentioned_stems([tool.title])


def _name_and_title(tool: Tool) -> frozenset[str]:
    return _name(tool) | _title(tool)


def _examples(tool: Tool) -> frozenset[str]:
    return mentioned_stems(tool.examples)


_Words = Callable[[Tool], frozenset[str]]
