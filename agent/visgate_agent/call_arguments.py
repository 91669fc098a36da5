"""Turns the words of `visgate call`'s command line into a tool's arguments by its JSON Schema; calls nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visgate_agent.errors import CommandError
from visgate_agent.vision import is_picture, picture_arguments
from visgate_client import Tool

_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse_call(tool: Tool, image: Path | None, settings: Sequence[str]) -> dict[str, Any]:
    """The arguments of a call; which of them are missing or out of range is the client's to say.

    Args:
        tool: what will be called.
        image: the file for the tool's first picture argument.
        settings: `KEY=VALUE` each.

    Raises:
        CommandError: an argument that the tool does not have or that is given twice, or a value of the wrong type.
    """
    arguments: dict[str, Any] = {}
    if image is not None:
        pictures = picture_arguments(tool)
        if not pictures:
            raise CommandError(f"{tool.name} takes no picture: leave --image out")
        arguments[pictures[0]] = image
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise CommandError(f"--argument {setting}: write KEY=VALUE")
        if name not in tool.properties:
            known = ", ".join(tool.properties) or "none"
            raise CommandError(f"--argument {name}: {tool.name} has no such argument; it has {known}")
        if name in arguments:
            raise CommandError(f"--argument {name}: the argument is given twice")
        schema = dict(tool.properties[name])
        arguments[name] = Path(text) if is_picture(schema) else _value(name, str(schema.get("type")), text)
    return arguments


def _value(name: str, json_type: str, text: str) -> str | int | float | bool:
    if json_type == "string":
        return text
    try:
        match json_type:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return _FLAGS[text.lower()]
    except (ValueError, KeyError):
        pass
    raise CommandError(f"--argument {name}={text}: expected {_EXPECTED.get(json_type, json_type)}")


_EXPECTED = {"integer": "an integer", "number": "a number", "boolean": "true or false"}
