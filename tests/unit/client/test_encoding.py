"""Requests carry what the stock client would send, with every input of the tool in them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import InferInput
from tritonclient.utils import np_to_triton_dtype

from visgate_client import ArgumentError, PictureTooLargeError
from visgate_client._encoding import build_request, encode_arguments, encode_arrays
from visgate_client._lease import Lease
from visgate_client._schema import check_arguments
from visgate_client._tools import DeclaredTools, Tool, parse_tools


@pytest.fixture
def tool(triton: Any) -> Tool:
    (tool,) = parse_tools(DeclaredTools("mixer", json.dumps(triton.tools["mixer"])))
    return tool


def encode(tool: Tool, **arguments: Any) -> list[Any]:
    return encode_arguments(tool, check_arguments(tool, arguments))


def request_of(tensors: list[Any], **options: Any) -> Any:
    return build_request("mixer", tensors, (), timeout=None, lease=Lease(), **options)


def test_every_input_is_sent_defaults_and_constants_included(tool: Tool, picture: np.ndarray) -> None:
    tensors = {tensor.name: tensor for tensor in encode(tool, image=picture, strength=0.75, note="hé")}
    assert list(tensors) == ["IMAGE", "STRENGTH", "STEPS", "STYLE", "TILE", "NOTE", "OPERATION"]
    np.testing.assert_array_equal(tensors["IMAGE"].values, picture[np.newaxis])
    expected = {
        "STRENGTH": ("FP32", np.float32(0.75)),
        "STEPS": ("INT32", np.int32(3)),
        "TILE": ("BOOL", np.bool_(True)),
        "STYLE": ("BYTES", b"soft"),
        "NOTE": ("BYTES", "hé".encode()),
        "OPERATION": ("BYTES", b"blend"),
    }
    for name, (datatype, value) in expected.items():
        assert tensors[name].datatype == datatype
        assert tensors[name].values.shape == (1, 1)
        assert tensors[name].values[0, 0] == value
        assert np_to_triton_dtype(tensors[name].values.dtype) == datatype


def test_an_argument_without_value_and_default_is_not_sent(tool: Tool, picture: np.ndarray) -> None:
    assert "NOTE" not in [tensor.name for tensor in encode(tool, image=picture)]


def test_the_request_is_what_the_stock_client_sends(tool: Tool, picture: np.ndarray) -> None:
    tensors = encode(tool, image=picture[::-1, ::2], note="")
    request = request_of(tensors)
    for index, tensor in enumerate(tensors):
        stock = InferInput(tensor.name, list(tensor.values.shape), tensor.datatype)
        stock.set_data_from_numpy(np.ascontiguousarray(tensor.values))
        assert request.inputs[index] == stock._get_tensor()
        assert request.raw_input_contents[index] == stock._get_content()


def test_numbers_that_do_not_fit_their_tensor_are_refused(tool: Tool, picture: np.ndarray) -> None:
    with pytest.raises(ArgumentError, match=r"arguments\.steps: 2147483648 .*INT32") as error:
        encode(tool, image=picture, steps=2**31)
    assert error.value.path == "arguments.steps"
    assert {tensor.name: tensor.values for tensor in encode(tool, image=picture, steps=2**31 - 1)}["STEPS"] == 2**31 - 1
    tool.parameters["properties"]["strength"].pop("maximum")
    with pytest.raises(ArgumentError, match=r"arguments\.strength: 1e\+300 .*FP32"):
        encode(tool, image=picture, strength=1e300)


def test_a_tools_own_limit_of_pixels_counts(tool: Tool) -> None:
    assert encode(tool, image=np.zeros((1000, 1000), np.uint8))
    with pytest.raises(PictureTooLargeError, match=r"arguments\.image: .* 1,000,000 "):
        encode(tool, image=np.zeros((1000, 1001), np.uint8))


@pytest.mark.parametrize("seconds", [0.0000001, 0.25, 60.0])
def test_the_time_in_the_queue_is_in_microseconds_and_whole(seconds: float) -> None:
    request = build_request("m", [], (), timeout=seconds, lease=Lease())
    assert request.parameters["timeout"].int64_param == max(1, int(seconds * 1e6))
    assert "timeout" not in request_of([]).parameters


@pytest.mark.parametrize(
    ("array", "datatype"),
    [
        (np.zeros((2, 3), np.float32), "FP32"),
        (np.zeros((2, 3), np.float16), "FP16"),
        (np.arange(6).reshape(2, 3), "INT64"),
        (np.array([[True]]), "BOOL"),
        (np.array([[b"a", b"bc"]], dtype=object), "BYTES"),
        (np.array(["ä", "text"]), "BYTES"),
        ([[1.5]], "FP64"),
    ],
)
def test_raw_arrays_are_sent_as_they_are(array: Any, datatype: str) -> None:
    (tensor,) = encode_arrays({"X": array})
    request = request_of([tensor])
    assert request.inputs[0].datatype == datatype
    plain = np.asarray(array, dtype=object if datatype == "BYTES" else None)
    stock = InferInput("X", list(plain.shape), datatype)
    stock.set_data_from_numpy(plain)
    assert request.raw_input_contents[0] == stock._get_content()


@pytest.mark.parametrize(("array", "words"), [(np.zeros(3, np.complex64), "complex64"), ([[1], [2, 3]], "no array")])
def test_a_raw_array_that_triton_has_no_type_for_is_refused(array: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=rf"inputs\.X: .*{words}") as error:
        encode_arrays({"X": array})
    assert error.value.path == "inputs.X"
