"""Tells which tools draw from words, and which of them a request for a drawing means; embeds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from visgate_agent.planner.drawing import Drawing
from visgate_agent.planner.filling import is_drawing_tool
from visgate_agent.planner.tool_words import ResultWords, mentioned_stems
from visgate_agent.vision import picture_arguments
from visgate_client import Tool


def candidates(drawing: Drawing, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tools that may be meant: those that draw, from a picture if the request speaks of one, else from nothing."""
    from_picture = bool(drawing.source)
    return tuple(tool for tool in tools if is_drawing_tool(tool) and bool(picture_arguments(tool)) == from_picture)


def sensible(drawing: Drawing, tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tools that a clause may mean at all.

    A clause without words that ask for a picture means no tool that draws; one that asks for a picture to be changed
    means none that draws from nothing.
    """
    if not drawing.is_request:
        return tuple(tool for tool in tools if not is_drawing_tool(tool))
    if drawing.is_change:
        return tuple(tool for tool in tools if picture_arguments(tool))
    return tuple(tools)


def telling(drawing: Drawing, fitting: Sequence[Tool], before: Tool | None) -> Tool | None:
    """The one tool whose name has a word of the picture that is drawn from: "edges" of `image_from_edges`.

    Args:
        drawing: the request.
        fitting: the tools that may be meant.
        before: the tool of the step before; "from them" means what it made.
    """
    if len(fitting) == 1:
        return fitting[0]
    words = {tool.name: mentioned_stems(tool.name.split("_")) for tool in fitting}
    shared = {word for word, count in Counter(word for own in words.values() for word in own).items() if count > 1}
    spoken = [mentioned_stems([drawing.source])]
    if before is not None:
        spoken.append(mentioned_stems(before.name.split("_")) | ResultWords.of(before).any_picture)
    for stems in spoken:
        meant = [tool for tool in fitting if (words[tool.name] - shared) & stems]
        if len(meant) == 1:
            return meant[0]
    return None
