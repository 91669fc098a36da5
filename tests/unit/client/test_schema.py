"""Arguments are checked before anything is sent, and errors say which one is wrong and what would be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visgate_client import ArgumentError
from visgate_client._schema import check_arguments
from visgate_client._tools import Tool, ToolInput

SCHEMAS: dict[str, dict[str, Any]] = {
    "image": {"type": "string", "contentMediaType": "image/png"},
    "strength": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20},
    "seed": {"type": "integer"},
    "weight": {"type": "number"},
    "style": {"type": "string", "enum": ["soft", "hard"], "default": "soft"},
    "tile": {"type": "boolean", "default": False},
    "prompt": {"type": "string"},
}
DATATYPES = {"number": "FP32", "integer": "INT32", "boolean": "BOOL", "string": "BYTES"}


@pytest.fixture
def tool() -> Tool:
    return Tool(
        name="paint",
        title="Paint",
        description="Paints.",
        parameters={"type": "object", "properties": SCHEMAS, "required": ["image", "prompt"]},
        examples=(),
        model="painter",
        inputs=tuple(ToolInput(name.upper(), DATATYPES[schema["type"]], name) for name, schema in SCHEMAS.items()),
        outputs=(),
    )


def test_defaults_are_filled_in_and_what_has_none_is_left_out(tool: Tool) -> None:
    assert check_arguments(tool, {"image": b"x", "prompt": "a cat"}) == {
        "image": b"x",
        "prompt": "a cat",
        "strength": 0.5,
        "steps": 20,
        "style": "soft",
        "tile": False,
    }


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("strength", 1, 1.0),
        ("strength", 0, 0.0),
        ("strength", np.float32(0.25), 0.25),
        ("steps", 50, 50),
        ("steps", 5.0, 5),
        ("steps", np.int64(7), 7),
        ("style", "hard", "hard"),
        ("style", np.str_("hard"), "hard"),
        ("tile", True, True),
        ("tile", np.bool_(True), True),
        ("prompt", "", ""),
    ],
)
def test_values_that_fit_are_taken_as_plain_values(tool: Tool, name: str, given: object, taken: object) -> None:
    value = check_arguments(tool, {"image": b"x", "prompt": "p"} | {name: given})[name]
    assert value == taken
    assert type(value) is type(taken)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("strength", 1.01, "a number from 0 to 1"),
        ("strength", -0.01, "a number from 0 to 1"),
        ("strength", "0.5", "a number from 0 to 1"),
        ("strength", True, "a number from 0 to 1"),
        ("strength", float("nan"), "a number from 0 to 1"),
        ("strength", None, "a number from 0 to 1"),
        ("strength", [0.5], "a number from 0 to 1"),
        ("strength", 10**400, "a number from 0 to 1"),
        ("steps", 0, "an integer from 1 to 50"),
        ("steps", 51, "an integer from 1 to 50"),
        ("steps", 1.5, "an integer from 1 to 50"),
        ("steps", False, "an integer from 1 to 50"),
        ("steps", float("inf"), "an integer from 1 to 50"),
        ("seed", "7", "an integer"),
        ("weight", float("nan"), "a number"),
        ("weight", float("-inf"), "a number"),
        ("style", "SOFT", "one of 'soft', 'hard'"),
        ("style", 1, "one of 'soft', 'hard'"),
        ("tile", 1, "true or false"),
        ("tile", "true", "true or false"),
        ("prompt", 3, "text"),
        ("prompt", b"bytes", "text"),
        ("prompt", "half a pair \ud800", "text"),
    ],
)
def test_values_that_do_not_fit_are_named_with_what_would(tool: Tool, name: str, given: object, expected: str) -> None:
    with pytest.raises(ArgumentError) as error:
        check_arguments(tool, {"image": b"x", "prompt": "p"} | {name: given})
    assert error.value.path == f"arguments.{name}"
    assert error.value.expected == expected
    for words in (f"arguments.{name}", expected, "paint", type(given).__name__):
        assert words in str(error.value)


def test_a_missing_argument_is_named(tool: Tool) -> None:
    with pytest.raises(ArgumentError, match=r"arguments\.image: missing.*a picture") as error:
        check_arguments(tool, {"prompt": "p"})
    assert error.value.path == "arguments.image"


def test_an_unknown_argument_is_named_with_the_nearest(tool: Tool) -> None:
    with pytest.raises(ArgumentError, match=r"arguments\.strenght.*mean strength\?.*image, strength, steps") as error:
        check_arguments(tool, {"image": b"x", "prompt": "p", "strenght": 1})
    assert error.value.path == "arguments.strenght"


def test_a_long_value_is_cut_in_the_message(tool: Tool) -> None:
    with pytest.raises(ArgumentError) as error:
        check_arguments(tool, {"image": b"x", "prompt": ["word"] * 10_000})
    assert len(str(error.value)) < 300
