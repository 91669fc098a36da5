"""Tools are read out of model configurations, and one model's mistake costs its own tools only."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from visgate_client._tools import DeclaredTools, MalformedToolError, collect_tools, parse_tools


@pytest.fixture
def entry(triton: Any) -> dict[str, Any]:
    return copy.deepcopy(triton.tools["mixer"][0])


def test_a_tool_is_read_whole(entry: dict[str, Any]) -> None:
    (tool,) = parse_tools(DeclaredTools("mixer", json.dumps([entry])))
    assert (tool.name, tool.title, tool.model, tool.examples) == ("blend", "Blend", "mixer", ("blend it",))
    assert tool.parameters == entry["parameters"]
    assert tool.required == ("image",)
    assert [item.tensor for item in tool.inputs] == [item["tensor"] for item in entry["inputs"]]
    assert tool.inputs[0].max_pixels == 1_000_000
    assert tool.inputs[-1].constant == "blend"
    assert [output.kind for output in tool.outputs] == ["picture", "picture", "text", "data", "times"]


def test_an_output_of_a_kind_from_the_future_is_ignored(entry: dict[str, Any]) -> None:
    entry["outputs"].append({"tensor": "SOUND", "kind": "sound"})
    (tool,) = parse_tools(DeclaredTools("mixer", json.dumps([entry])))
    assert "SOUND" not in [output.tensor for output in tool.outputs]


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def spoil(entry: dict[str, Any]) -> None:
        holder: Any = entry
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return spoil


SPOILS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no name": without("name"),
    "no parameters": without("parameters"),
    "no inputs": without("inputs"),
    "no outputs": without("outputs"),
    "empty name": lambda entry: entry.update(name=""),
    "argument without tensor": lambda entry: entry["inputs"].pop(1),
    "tensor for no argument": lambda entry: entry["inputs"].append(
        {"tensor": "X", "datatype": "FP32", "argument": "x"}
    ),
    "number as text": lambda entry: entry["inputs"][1].update(datatype="BYTES"),
    "picture as text": lambda entry: entry["inputs"][0].update(datatype="BYTES"),
    "stream_constant without constant": lambda entry: entry["inputs"][1].update(stream_constant=1),
    "argument and constant": lambda entry: entry["inputs"][1].update(constant=1),
    "array argument": lambda entry: entry["parameters"]["properties"]["strength"].update(type="array"),
    "description is a number": lambda entry: entry.update(description=3),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_a_malformed_tool_is_noticed_when_it_is_read(
    entry: dict[str, Any], spoil: Callable[[dict[str, Any]], object]
) -> None:
    parse_tools(DeclaredTools("mixer", json.dumps([entry])))
    spoil(entry)
    with pytest.raises(MalformedToolError, match="mixer"):
        parse_tools(DeclaredTools("mixer", json.dumps([entry])))


@pytest.mark.parametrize("broken", ["", "{", "null", "3", '"text"', "[3]", "[{}]", '{"name": "x"}'])
def test_one_models_mistake_costs_its_own_tools_only(
    entry: dict[str, Any], broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="visgate_client"):
        tools = collect_tools([DeclaredTools("bad", broken), DeclaredTools("mixer", json.dumps([entry]))])
    assert list(tools) == ["blend"]
    assert "model bad" in caplog.text


def test_of_two_tools_with_one_name_the_first_counts_and_the_log_says_so(
    entry: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    tools = collect_tools([DeclaredTools(model, json.dumps([entry])) for model in ("first", "second")])
    assert tools["blend"].model == "first"
    assert "first" in caplog.text
    assert "second" in caplog.text
