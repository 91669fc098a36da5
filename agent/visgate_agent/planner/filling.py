"""Fills a tool's arguments, other than pictures, from a clause's words and their JSON Schema; chooses no tool."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any

from visgate_agent.planner.clauses import quoted_strings
from visgate_agent.planner.drawing import read_drawing, without_settings
from visgate_agent.planner.english import COLOURS, NUMBERS
from visgate_agent.planner.sides import SIDES, growth
from visgate_agent.planner.stems import stem
from visgate_agent.planner.text_arguments import TextRole, is_drawing_tool, is_free_text, required_texts
from visgate_agent.planner.things import read_things
from visgate_agent.vision import is_picture
from visgate_client import Tool

_NUMBER = r"(-?\d+(?:\.\d+)?|-?\.\d+|" + "|".join(NUMBERS[1:]) + r")\b(\s*(?:%|percent\b))?"
_LINK = r"(?:\s+(?:of|to|is|at|equal to|around|about))?\s*[=:]?\s*"
_FACTOR = re.compile(r"(?:\b(\d+(?:\.\d+)?|" + "|".join(NUMBERS[1:]) + r")\s*(?:x|×|times|fold)\b|\b[x×](\d+)\b)")
_FACTOR_WORDS = frozenset({"factor", "scale", "times", "zoom"})
_REFUSALS = frozenset({"no", "not", "without", "never"})
_WEAK_WORDS = frozenset({"k", "n", "of", "the", "in", "max", "min", "maximum", "minimum"})


def fill_arguments(tool: Tool, clause: str, no_things: Collection[str] = (), like: str = "") -> dict[str, Any]:
    """The arguments that a clause gives a value to; the server knows the defaults of the others.

    Numbers count where they stand beside the argument's name ("a threshold of 0.3", "top 3"), words where they are
    among the argument's choices, colours where the argument is about one, quoted text for any other string. Where the
    clause names no choice, the example that it is nearest to may: "segment everything" is like "segment everything in
    the image, each part apart". A string that is required takes what its role asks for: what is to be drawn, the
    thing that the clause speaks of, what is to be in its place, or the whole clause if there is nothing better.

    Args:
        tool: whose arguments.
        clause: one clause of a request.
        no_things: stems of words that are no things in a picture.
        like: the tool's own phrase that the clause is nearest to; only an example counts.
    """
    example = like if like in tool.examples else ""
    found: dict[str, Any] = {}
    texts = required_texts(tool)
    for name, schema in tool.properties.items():
        if is_picture(schema):
            continue
        if texts and name not in texts and quoted_strings(clause) and is_free_text(schema):
            value = None  # what is quoted is for the text that the tool cannot do without
        elif name in texts and not _takes_quotes(tool, texts[name]):
            value = _required_text(texts[name], tool, clause, no_things)
        else:
            value = _value(name, schema, clause, _rivals(tool, name))
            value = _choice(schema["enum"], example) if value is None and "enum" in schema else value
            value = clause if value is None and name in texts else value
        if value is not None:
            found[name] = value
    if not texts and tool.properties.keys() >= SIDES:
        found = growth(clause) | found
    return found


def settings_only(clause: str, tools: Iterable[Tool]) -> bool:
    """Whether a clause says nothing but values of arguments: "use the ddim scheduler and 30 steps"."""
    return any(not without_settings(clause, _numbers(tool), _choices(tool)) for tool in tools)


def _takes_quotes(tool: Tool, role: TextRole) -> bool:
    """Whether a required text is any string, to be found as every other string is."""
    return role is TextRole.OTHER or (role is TextRole.PROMPT and not is_drawing_tool(tool))


def _required_text(role: TextRole, tool: Tool, clause: str, no_things: Collection[str]) -> str | None:
    quoted = quoted_strings(clause)
    match role:
        case TextRole.PROMPT:
            return read_drawing(clause, _numbers(tool), _choices(tool)).prompt or None
        case TextRole.INSTRUCTION:
            return without_settings(quoted[0] if quoted else clause, _numbers(tool), _choices(tool))
        case TextRole.QUESTION:
            return f"{quoted[0] if quoted else clause}".rstrip("?") + "?"
        case TextRole.REPLACEMENT:
            return read_things(without_settings(clause, _numbers(tool), _choices(tool)), no_things).other or None
        case _:
            return read_things(clause, no_things).thing or (quoted[0] if quoted else None)


def missing_arguments(tool: Tool, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The required arguments, other than pictures, that have no value."""
    return tuple(name for name in tool.required if name not in arguments and not is_picture(tool.properties[name]))


def _numbers(tool: Tool) -> tuple[str, ...]:
    return tuple(name for name, schema in tool.properties.items() if schema.get("type") in ("number", "integer"))


def _choices(tool: Tool) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(str, schema["enum"])) for name, schema in tool.properties.items() if "enum" in schema}


def _value(name: str, schema: Mapping[str, Any], clause: str, rivals: frozenset[str]) -> Any:
    if "enum" in schema:
        return _choice(schema["enum"], clause)
    match schema.get("type"):
        case "number":
            return _number(name, schema, clause, rivals)
        case "integer":
            number = _number(name, schema, clause, rivals)
            return int(number) if number is not None and number == int(number) else None
        case "boolean":
            return _flag(name, clause)
        case "string":
            return _text(name, schema, clause)
    return None


def _choice(choices: list[Any], clause: str) -> Any:
    """The choice that the clause spells out, in the singular or plural; the longest, if it spells out several."""
    text = _stems(clause)
    spelt = [choice for choice in choices if _stems(str(choice)) in text]
    return max(spelt, key=lambda choice: len(str(choice)), default=None)


def _number(name: str, schema: Mapping[str, Any], clause: str, rivals: frozenset[str]) -> float | None:
    words = name.lower().split("_")
    if _FACTOR_WORDS & set(words) and (factor := _FACTOR.search(clause.lower())):
        return _parsed(factor.group(1) or factor.group(2))
    # The full name counts most; one of its words will do if no other argument shares it.
    own = [word for word in words if word not in rivals and (word not in _WEAK_WORDS or len(words) == 1)]
    for label in (r"[\s_-]".join(words), *own):
        after = re.search(rf"\b{label}s?\b{_LINK}{_NUMBER}", clause, re.I)
        before = re.search(rf"(?<![\w.]){_NUMBER}\s+{label}s?\b", clause, re.I)
        if match := after or before:
            value = _parsed(match.group(1))
            is_share = match.group(2) is not None and schema.get("maximum", 100) <= 1
            return value / 100 if is_share else value
    return None


def _flag(name: str, clause: str) -> bool | None:
    words = r"[\s_-]".join(name.lower().split("_"))
    if re.search(rf"\b(?:without|no|not|don't|never)\s+(?:\w+\s+)?{words}", clause, re.I):
        return False
    return True if re.search(rf"\b{words}\b", clause, re.I) else None


def _text(name: str, schema: Mapping[str, Any], clause: str) -> str | None:
    if quoted := quoted_strings(clause):
        return quoted[0]
    about = f"{name} {schema.get('description', '')}".lower()
    if "colour" in about or "color" in about:
        words = re.findall(r"#[0-9a-f]{6}\b|[a-z]+", clause.lower())
        return next((word for before, word in pairwise(["", *words]) if _is_colour(before, word)), None)
    return None


def _is_colour(before: str, word: str) -> bool:
    return (word in COLOURS or word.startswith("#")) and before not in _REFUSALS


def _rivals(tool: Tool, name: str) -> frozenset[str]:
    """The words of the names of the tool's other arguments."""
    return frozenset(word for other in tool.properties if other != name for word in other.lower().split("_"))


def _parsed(number: str) -> float:
    return float(NUMBERS.index(number.lower())) if number.lower() in NUMBERS else float(number)


def _stems(text: str) -> str:
    """The stems of the words between single spaces, with one at each end."""
    return " " + " ".join(map(stem, re.findall(r"[\w#.]+", text.replace("_", " ")))) + " "
