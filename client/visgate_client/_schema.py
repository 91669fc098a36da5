"""Checks a call's arguments against the tool's JSON Schema and fills in defaults; looks into no picture.

The keywords that count are those the wire contract uses: type, default, minimum, maximum, enum and
required. Types are JSON's: true is no number, 5.0 is an integer, NaN is nothing.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from visgate_client._tools import Tool, is_picture
from visgate_client.errors import ArgumentError

_TYPE_NAMES = {"number": "a number", "integer": "an integer", "boolean": "true or false", "string": "text"}


def check_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the value of each argument that is sent, defaults filled in, scalars as plain Python values.

    Pictures are returned as they came. An argument that was not given and has no default is left out.

    Raises:
        ArgumentError: an argument is unknown, missing, of the wrong type, out of range or not among the
            values allowed; `path` names it and `expected` says what would do.
    """
    for name in arguments:
        if name not in tool.properties:
            raise _unknown_argument(tool, name)
    values: dict[str, Any] = {}
    for name, schema in tool.properties.items():
        if name in arguments:
            value = arguments[name]
            values[name] = value if name in tool.pictures else _check_scalar(tool, name, schema, value)
        elif name in tool.required:
            expected = describe(schema)
            raise ArgumentError(
                f"{path_of(name)}: missing; {tool.name} needs it: {expected}",
                path=path_of(name),
                expected=expected,
            )
        elif "default" in schema:
            values[name] = _check_scalar(tool, name, schema, schema["default"])
    return values


def path_of(argument: str) -> str:
    """Returns how errors name an argument, as in ``arguments.threshold``."""
    return f"arguments.{argument}"


def describe(schema: Mapping[str, Any]) -> str:
    """Says in words what an argument's JSON Schema accepts, as in ``a number from 0 to 1``."""
    if is_picture(schema):
        return "a picture"
    if "enum" in schema:
        return "one of " + ", ".join(repr(choice) for choice in schema["enum"])
    words = _TYPE_NAMES[schema["type"]]
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if minimum is not None and maximum is not None:
        return f"{words} from {minimum} to {maximum}"
    if minimum is not None:
        return f"{words} of at least {minimum}"
    if maximum is not None:
        return f"{words} of at most {maximum}"
    return words


def _unknown_argument(tool: Tool, name: str) -> ArgumentError:
    known = ", ".join(tool.properties) or "no arguments"
    near = difflib.get_close_matches(name, list(tool.properties), n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return ArgumentError(
        f"{path_of(name)}: {tool.name} has no such argument{hint}; it takes: {known}",
        path=path_of(name),
        expected=known,
    )


def _check_scalar(tool: Tool, name: str, schema: Mapping[str, Any], value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    converted = _CONVERSIONS[schema["type"]](plain)
    fits = (
        converted is not None
        and ("enum" not in schema or converted in schema["enum"])
        and ("minimum" not in schema or converted >= schema["minimum"])
        and ("maximum" not in schema or converted <= schema["maximum"])
    )
    if not fits:
        expected = describe(schema)
        raise ArgumentError(
            f"{path_of(name)}: got {_short(value)}; {tool.name} expects {expected}",
            path=path_of(name),
            expected=expected,
        )
    return converted


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _as_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which no other program could read
        return None
    return value


_CONVERSIONS = {"number": _as_number, "integer": _as_integer, "boolean": _as_boolean, "string": _as_text}


def _short(value: Any) -> str:
    """Returns a value's repr with its type, cut to a length that a message can hold."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
