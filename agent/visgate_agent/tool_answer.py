"""Words a tool message for a language model (text, picture names, data) within a bounded length; runs no tool."""

from __future__ import annotations

import json
from typing import Any

from visgate_agent.messages import ToolMessage

MAX_DATA_CHARACTERS = 4000
"""About 1,500 tokens: enough for some forty found objects with their boxes."""

MAX_TEXT_CHARACTERS = 8000
"""About 2,000 tokens: two dense printed pages."""

_LIST_LENGTHS = (64, 32, 16, 8, 4, 2, 1)
_DIGITS = 4


def tool_answer(message: ToolMessage, max_data: int = MAX_DATA_CHARACTERS, max_text: int = MAX_TEXT_CHARACTERS) -> str:
    """What a language model reads of a tool's result or error."""
    if message.error is not None:
        return f"Error: {message.error}"
    lines = [_shortened_text(message.text, max_text)]
    if message.pictures:
        lines.append("New pictures: " + ", ".join(message.pictures))
    if message.data not in (None, {}, []):
        lines.append("Data: " + _bounded_json(message.data, max_data))
    return "\n".join(line for line in lines if line)


def _shortened_text(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … ({len(text) - limit} more characters left out)"


def _bounded_json(data: Any, limit: int) -> str:
    """Compact JSON of at most `limit` characters: long lists lose their tails, and say so, until it fits."""
    whole = _compact(_rounded(data))
    if len(whole) <= limit:
        return whole
    for length in _LIST_LENGTHS:
        shorter = _compact(_clipped(_rounded(data), length))
        if len(shorter) <= limit:
            return shorter
    return f"left out, {len(whole)} characters are too many"


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _rounded(data: Any) -> Any:
    if isinstance(data, float):
        return round(data, _DIGITS)
    if isinstance(data, list | tuple):
        return [_rounded(item) for item in data]
    if isinstance(data, dict):
        return {key: _rounded(value) for key, value in data.items()}
    return data


def _clipped(data: Any, length: int) -> Any:
    if isinstance(data, list):
        kept = [_clipped(item, length) for item in data[:length]]
        return kept if len(data) <= length else [*kept, f"{len(data) - length} more left out"]
    if isinstance(data, dict):
        return {key: _clipped(value, length) for key, value in data.items()}
    return data
