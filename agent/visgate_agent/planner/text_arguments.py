"""Tells what a tool's text argument is for, from its name and description; reads no request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from visgate_agent.vision import is_picture, picture_arguments
from visgate_client import Tool


class TextRole(Enum):
    """What a text that a tool cannot do without says."""

    PROMPT = auto()
    """What a picture is to show."""
    INSTRUCTION = auto()
    """What is to be changed, and into what: the request's own words."""
    QUESTION = auto()
    OBJECT = auto()
    """A thing that the picture shows."""
    REPLACEMENT = auto()
    """What is to be in that thing's place."""
    OTHER = auto()


_ROLES = {
    "prompt": TextRole.PROMPT,
    "instruction": TextRole.INSTRUCTION,
    "question": TextRole.QUESTION,
    "object": TextRole.OBJECT,
    "replacement": TextRole.REPLACEMENT,
}


def further_pictures(tool: Tool) -> tuple[str, ...]:
    """The pictures that a tool cannot do without beside the one that it works on: the mask."""
    return tuple(name for name in picture_arguments(tool)[1:] if name in tool.required)


def is_free_text(schema: Mapping[str, Any]) -> bool:
    """Whether an argument takes any text at all."""
    return schema.get("type") == "string" and "enum" not in schema and not is_picture(schema)


def required_texts(tool: Tool) -> dict[str, TextRole]:
    """The arguments that take free text and have to be given, and what each is for."""
    return {name: _role(name, tool.properties[name]) for name in tool.required if is_free_text(tool.properties[name])}


def needs(tool: Tool, role: TextRole) -> bool:
    """Whether a tool cannot do without a text of that role."""
    return role in required_texts(tool).values()


def makes_pictures(tool: Tool) -> bool:
    """Whether a tool returns a picture."""
    return any(output.kind == "picture" for output in tool.outputs)


def is_drawing_tool(tool: Tool) -> bool:
    """Whether a tool makes pictures of what it is told in words."""
    return makes_pictures(tool) and needs(tool, TextRole.PROMPT)


def is_changing_tool(tool: Tool) -> bool:
    """Whether a tool makes of a picture another one that shows something else: drawn, edited, with a thing gone."""
    return makes_pictures(tool) and bool(required_texts(tool))


def _role(name: str, schema: Mapping[str, Any]) -> TextRole:
    role = _ROLES.get(name.lower(), TextRole.OTHER)
    if role is TextRole.PROMPT and "instruction" in str(schema.get("description", "")).lower():
        return TextRole.INSTRUCTION
    return role
