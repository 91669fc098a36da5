"""What a language model gets to read of a tool's result."""

from __future__ import annotations

import json

from visgate_agent.messages import ToolCall, ToolMessage
from visgate_agent.tool_answer import tool_answer

CALL = ToolCall("a", "detect_objects", "{}")


def data_of(message: ToolMessage, limit: int) -> str:
    return tool_answer(message, max_data=limit).split("Data: ", 1)[1]


def test_a_short_answer_is_whole() -> None:
    message = ToolMessage(CALL, "A cat.", {"objects": [{"label": "cat"}]}, ("a_b.png",))
    assert tool_answer(message) == 'A cat.\nNew pictures: a_b.png\nData: {"objects":[{"label":"cat"}]}'


def test_an_error_is_marked_as_one() -> None:
    assert tool_answer(ToolMessage(CALL, error="no such picture")) == "Error: no such picture"


def test_nothing_is_said_of_what_is_not_there() -> None:
    assert tool_answer(ToolMessage(CALL, "Done.")) == "Done."


def test_long_data_is_shortened_within_its_bound_and_says_so() -> None:
    boxes = [{"box": [1.23456789, 2.0, 3.0, 4.0], "label": f"thing {number}"} for number in range(500)]
    data = data_of(ToolMessage(CALL, "Many.", {"objects": boxes, "count": 500}), 1000)
    assert len(data) <= 1000
    kept = json.loads(data)
    assert kept["count"] == 500
    assert kept["objects"][0] == {"box": [1.2346, 2.0, 3.0, 4.0], "label": "thing 0"}
    left_out = int(kept["objects"][-1].split()[0])
    assert left_out + len(kept["objects"]) - 1 == 500


def test_data_that_cannot_be_shortened_is_left_out() -> None:
    assert "left out" in data_of(ToolMessage(CALL, "Long.", {"word": "x" * 5000}), 100)


def test_long_text_is_cut() -> None:
    answer = tool_answer(ToolMessage(CALL, "word " * 1000), max_text=50)
    assert answer.startswith("word word")
    assert "4950 more characters" in answer
