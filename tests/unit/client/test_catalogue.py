"""Tools are remembered, and read again when a model changes under the client."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from visgate_client import ArgumentError, UnknownToolError

from .conftest import tool_entry


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("visgate_client._catalogue.time.monotonic", lambda: now[0])
    return now


def with_wider_strength() -> dict[str, Any]:
    entry = copy.deepcopy(tool_entry())
    entry["parameters"]["properties"]["strength"]["maximum"] = 5
    return entry


def questions(triton: Any) -> int:
    return sum(method in ("ModelConfig", "RepositoryIndex") for method in triton.methods())


def test_a_wider_schema_is_noticed_by_the_call_that_needs_it(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    client.call("blend", image=picture)
    triton.tools["mixer"] = [with_wider_strength()]
    clock[0] += 3
    client.call("blend", image=picture, strength=4)
    assert triton.inputs(triton.last("ModelInfer"))["STRENGTH"] == 4.0


def test_a_tensor_that_was_renamed_is_noticed_when_the_server_refuses_the_old_one(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    client.call("blend", image=picture)
    entry = copy.deepcopy(tool_entry())
    entry["inputs"][1]["tensor"] = "FORCE"
    triton.tools["mixer"] = [entry]
    triton.fail("ModelInfer", "INVALID_ARGUMENT", "unexpected inference input 'STRENGTH' for model 'mixer'")
    clock[0] += 3
    client.call("blend", image=picture, strength=1)
    assert triton.inputs(triton.last("ModelInfer"))["FORCE"] == 1.0


def test_a_wrong_argument_costs_one_question_and_stays_wrong(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    client.tools()
    clock[0] += 3
    triton.sent.clear()
    for _ in range(5):
        with pytest.raises(ArgumentError, match="strength"):
            client.call("blend", image=picture, strength=4)
    assert triton.methods() == ["ModelConfig"]


def test_a_model_is_asked_again_after_a_minute_and_not_before(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    client.call("blend", image=picture)
    triton.sent.clear()
    for _ in range(10):
        clock[0] += 5
        client.call("blend", image=picture)
    assert questions(triton) == 0
    triton.tools["mixer"] = [with_wider_strength()]
    clock[0] += 20
    client.call("blend", image=picture)
    assert questions(triton) == 1
    (tool,) = client.tools()
    assert tool.properties["strength"]["maximum"] == 5


def test_a_tool_that_is_gone_from_its_model_is_found_elsewhere_or_said_to_be_gone(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    client.call("blend", image=picture)
    triton.tools = {"mixer": [], "blender": [tool_entry()]}
    clock[0] += 70
    client.call("blend", image=picture)
    assert triton.last("ModelInfer").model_name == "blender"
    triton.tools = {"mixer": [tool_entry("melt")]}
    clock[0] += 70
    with pytest.raises(UnknownToolError, match=r"did you mean melt|there are: melt"):
        client.call("blend", image=picture)


def test_other_models_tools_are_kept_when_one_changes(
    client: Any, triton: Any, picture: np.ndarray, clock: list[float]
) -> None:
    triton.tools["second"] = [tool_entry("melt")]
    assert len(client.tools()) == 2
    triton.tools["mixer"] = [with_wider_strength()]
    clock[0] += 70
    client.call("blend", image=picture)
    assert [tool.name for tool in client.tools()] == ["blend", "melt"]
