"""Answers become text, data, pictures and times; an answer that breaks the contract is the server's fault."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tritonclient.grpc import service_pb2

from visgate_client import ServerError, Times
from visgate_client._decoding import Clocked, read_response, read_result, read_times
from visgate_client._lease import Lease
from visgate_client._tools import DeclaredTools, Tool, parse_tools

NO_TIMES = Times(1.0)


@pytest.fixture
def tool(triton: Any) -> Tool:
    (tool,) = parse_tools(DeclaredTools("mixer", json.dumps(triton.tools["mixer"])))
    return tool


def text(value: str | bytes) -> np.ndarray:
    return np.array([[value.encode() if isinstance(value, str) else value]], dtype=np.object_)


def answer(**changes: Any) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "DATA": text('{"boxes": [[1, 2.5]], "name": "ü"}'),
        "MASK": rng.integers(0, 256, (1, 6, 8, 1), np.uint8),
        "TEXT": text("two cats ½"),
        "PICTURE": rng.integers(0, 256, (1, 6, 8, 3), np.uint8),
    } | changes


def test_a_result_has_the_tools_order_and_the_pictures_pixels(tool: Tool) -> None:
    outputs = answer()
    result = read_result(tool, outputs, NO_TIMES)
    assert (result.tool, result.text, result.data) == ("blend", "two cats ½", {"boxes": [[1, 2.5]], "name": "ü"})
    assert list(result.arrays) == list(result.images) == ["picture", "mask"]
    np.testing.assert_array_equal(result.arrays["picture"], outputs["PICTURE"][0])
    np.testing.assert_array_equal(result.arrays["mask"], outputs["MASK"][0, :, :, 0])
    assert [image.mode for image in result.images.values()] == ["RGB", "L"]
    for name, image in result.images.items():
        np.testing.assert_array_equal(np.asarray(image), result.arrays[name])
    assert result.image is result.images["picture"]
    assert result.times is NO_TIMES


def test_alpha_stays_alpha(tool: Tool) -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (1, 5, 4, 4), np.uint8)
    result = read_result(tool, answer(PICTURE=rgba), NO_TIMES)
    assert result.image is not None
    assert result.image.mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(result.image), rgba[0])


def test_a_picture_without_pixels_is_left_out(tool: Tool) -> None:
    result = read_result(tool, answer(MASK=np.zeros((1, 0, 0, 1), np.uint8)), NO_TIMES)
    assert list(result.images) == ["picture"]


@pytest.mark.parametrize("missing", ["TEXT", "DATA", "PICTURE", "MASK"])
def test_an_answer_that_lacks_a_declared_output_is_no_answer(tool: Tool, missing: str) -> None:
    outputs = answer()
    del outputs[missing]
    with pytest.raises(ServerError, match=missing):
        read_result(tool, outputs, NO_TIMES)


def test_a_result_cannot_be_changed(tool: Tool) -> None:
    result = read_result(tool, answer(), NO_TIMES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.text = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        result.images["picture"] = Image.new("L", (1, 1))  # type: ignore[index]


def test_pictures_are_saved_as_they_are(tool: Tool, tmp_path: Path) -> None:
    result = read_result(tool, answer(), NO_TIMES)
    paths = result.save(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["blend_picture.png", "blend_mask.png"]
    for path, array in zip(paths, result.arrays.values(), strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(path)), array)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PICTURE": np.zeros((6, 8, 3), np.uint8)}, "PICTURE"),
        ({"PICTURE": np.zeros((1, 6, 8, 3), np.float32)}, "PICTURE.*float32"),
        ({"PICTURE": np.zeros((1, 6, 8, 2), np.uint8)}, "PICTURE"),
        ({"PICTURE": np.zeros((2, 6, 8, 3), np.uint8)}, "PICTURE"),
        ({"DATA": text("{not json")}, "DATA is no JSON"),
        ({"TEXT": np.zeros((1, 1), np.int64)}, "TEXT"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_the_servers_fault(
    tool: Tool, changes: dict[str, np.ndarray], words: str
) -> None:
    with pytest.raises(ServerError, match=words) as error:
        read_result(tool, answer(**changes), NO_TIMES)
    assert error.value.model == "mixer"


# --- messages ---


def message(content: bytes, shape: tuple[int, ...], datatype: str) -> Any:
    response = service_pb2.ModelInferResponse(model_name="mixer")
    response.outputs.add(name="X", datatype=datatype, shape=shape)
    response.raw_output_contents.append(content)
    return response


def test_outputs_are_read_only_arrays() -> None:
    array = read_response(message(b"\1\0\2\0", (1, 2), "INT16"), Lease())["X"]
    np.testing.assert_array_equal(array, [[1, 2]])
    assert array.dtype == np.int16
    assert not array.flags.writeable


def test_text_is_read_as_bytes() -> None:
    array = read_response(message(b"\2\0\0\0hi\0\0\0\0", (2, 1), "BYTES"), Lease())["X"]
    assert array.tolist() == [[b"hi"], [b""]]


@pytest.mark.parametrize(
    ("content", "shape", "datatype"),
    [(b"\1\2\3", (1, 4), "UINT8"), (b"\1\2\3", (3,), "FP32"), (b"\1", (1,), "NOTYPE"), (b"", (1, 1), "BYTES")],
)
def test_outputs_whose_bytes_do_not_fit_are_the_servers_fault(
    content: bytes, shape: tuple[int, ...], datatype: str
) -> None:
    with pytest.raises(ServerError, match="X "):
        read_response(message(content, shape, datatype), Lease())


# --- times ---

SENT = 1_700_000_000_000_000_000


def times(tool: Tool, started_ns: int, *, same_clock: bool = True) -> Times:
    arrays = {"TIMES": np.array([[started_ns, 2_500_000, 4]], np.int64)}
    return read_times(tool, arrays, Clocked(SENT, 9.0, 1.0, 7.0, same_clock))


def test_times_on_the_servers_own_host(tool: Tool) -> None:
    assert times(tool, SENT + 1_250_000) == Times(9.0, 1.25, 2.5, 4, cached=False, serialise_ms=1.0, wire_ms=3.25)


def test_what_ran_before_it_was_asked_for_came_from_the_cache(tool: Tool) -> None:
    assert times(tool, SENT - 1) == Times(9.0, None, 0.0, None, cached=True, serialise_ms=1.0, wire_ms=7.0)


@pytest.mark.parametrize("offset", [-1, 1])
def test_clocks_of_two_hosts_are_not_compared(tool: Tool, offset: int) -> None:
    remote = times(tool, SENT + offset, same_clock=False)
    assert remote == Times(9.0, None, 2.5, 4, cached=None, serialise_ms=1.0, wire_ms=4.5)


def test_a_tool_without_times_has_what_the_client_measured_only(tool: Tool) -> None:
    assert read_times(tool, {}, Clocked(SENT, 9.0, 1.0, 7.0, True)) == Times(9.0, serialise_ms=1.0)
    without = dataclasses.replace(tool, outputs=())
    assert read_times(without, answer(), Clocked(SENT, 9.0, 1.0, 7.0, True)) == Times(9.0, serialise_ms=1.0)


@pytest.mark.parametrize("array", [np.zeros(3, np.int64), np.zeros((1, 2), np.int64), np.zeros((1, 3), np.float64)])
def test_times_that_break_the_contract_are_the_servers_fault(tool: Tool, array: np.ndarray) -> None:
    with pytest.raises(ServerError, match="TIMES"):
        read_times(tool, {"TIMES": array}, Clocked(SENT, 9.0, 1.0, 7.0, True))


def test_a_result_shows_itself_without_its_pixels(tool: Tool) -> None:
    shown = repr(read_result(tool, answer(), NO_TIMES))
    assert "two cats" in shown
    assert len(shown) < 300
