"""What the tools are called with when their cost is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.tool_cost_calls import CostedCall, costed_calls
from visgate_server.catalogue import MODELS
from visgate_server.tool_spec import ArgumentKind, ToolSpec

TOOLS: dict[str, ToolSpec] = {tool.name: tool for model in MODELS for tool in model.spec.tools}


def test_every_tool_is_called_and_no_call_is_made_twice() -> None:
    calls = costed_calls()
    assert {call.tool for call in calls} == set(TOOLS)
    assert len({call.name for call in calls}) == len(calls)


@pytest.mark.parametrize("call", costed_calls(), ids=lambda call: call.name)
def test_a_call_has_what_its_tool_requires_and_nothing_unknown(call: CostedCall) -> None:
    arguments, known = call.arguments(1), {argument.name: argument for argument in TOOLS[call.tool].arguments}
    assert {name for name, argument in known.items() if argument.required} <= set(arguments) <= set(known)
    for name, value in arguments.items():
        assert isinstance(value, np.ndarray) == (known[name].kind is ArgumentKind.PICTURE)


@pytest.mark.parametrize("call", costed_calls(), ids=lambda call: call.name)
def test_no_two_calls_of_a_tool_are_alike(call: CostedCall) -> None:
    """Else a cache would answer the second."""
    seen = {_content(call.arguments(number)) for number in range(5)}
    assert len(seen) == 5


def _content(arguments: dict[str, Any]) -> bytes:
    return b"|".join(
        value.tobytes() if isinstance(value, np.ndarray) else str(value).encode() for value in arguments.values()
    )
