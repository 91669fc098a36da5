"""A program that knows the KServe protocol and nothing of visgate: stock tritonclient.

Only the last test also uses the client of this project, to see that the two do not get in each other's way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import skimage.data
import tritonclient.grpc as grpcclient
from tritonclient.utils import InferenceServerException

from visgate_client import VisionClient

TOOLS = {
    "classify_image",
    "describe_image",
    "detect_edges",
    "detect_faces",
    "detect_lines",
    "detect_objects",
    "detect_pose",
    "detect_sketch",
    "detect_soft_edges",
    "generate_image",
    "image_from_depth",
    "image_from_edges",
    "read_text",
    "redraw_image",
    "remove_background",
    "segment_person",
    "upscale_image",
}


@pytest.fixture(scope="module")
def triton(server) -> Iterator[grpcclient.InferenceServerClient]:
    with grpcclient.InferenceServerClient(server.address) as client:
        yield client


def tensor(name: str, value: np.ndarray, datatype: str) -> grpcclient.InferInput:
    made = grpcclient.InferInput(name, list(value.shape), datatype)
    made.set_data_from_numpy(value)
    return made


def test_every_tool_of_this_step_is_declared_by_a_ready_model(triton: grpcclient.InferenceServerClient) -> None:
    declared = set()
    for model in triton.get_model_repository_index().models:
        if model.state == "READY":
            config = triton.get_model_config(model.name).config
            declared |= {tool["name"] for tool in json.loads(config.parameters["tools"].string_value or "[]")}
    assert declared >= TOOLS


def test_metadata_says_what_to_send(triton: grpcclient.InferenceServerClient) -> None:
    metadata = triton.get_model_metadata("detect_edges")
    inputs = {entry.name: (entry.datatype, list(entry.shape)) for entry in metadata.inputs}
    assert inputs == {
        "IMAGE": ("UINT8", [-1, -1, -1, 3]),
        "LOW_THRESHOLD": ("FP32", [-1, 1]),
        "HIGH_THRESHOLD": ("FP32", [-1, 1]),
        "IMAGE_FILE": ("BYTES", [-1, 1]),
        "OUTPUTS": ("BYTES", [-1, 1]),
        "PICTURE_FORMAT": ("BYTES", [-1, 1]),
    }


@pytest.mark.parametrize("thresholds", [None, (30.0, 90.0)])
def test_detect_edges_is_opencvs_canny(
    triton: grpcclient.InferenceServerClient, thresholds: tuple[float, float] | None
) -> None:
    photo = skimage.data.chelsea()
    inputs = [tensor("IMAGE", photo[None], "UINT8")]
    if thresholds is not None:
        for name, value in zip(("LOW_THRESHOLD", "HIGH_THRESHOLD"), thresholds, strict=True):
            inputs.append(tensor(name, np.array([[value]], np.float32), "FP32"))
    answer = triton.infer("detect_edges", inputs)
    low, high = thresholds or (100.0, 200.0)
    np.testing.assert_array_equal(answer.as_numpy("EDGES")[0, :, :, 0], cv2.Canny(photo, low, high))


def test_two_rows_in_one_request_are_answered_row_by_row(triton: grpcclient.InferenceServerClient) -> None:
    photo = skimage.data.chelsea()
    rows = np.stack([photo, photo[:, ::-1]])
    answer = triton.infer("detect_edges", [tensor("IMAGE", rows, "UINT8")])
    for row, edges in zip(rows, answer.as_numpy("EDGES"), strict=True):
        np.testing.assert_array_equal(edges[:, :, 0], cv2.Canny(row, 100, 200))
    assert len(answer.as_numpy("DATA")) == 2


@pytest.mark.parametrize(
    "value",
    [
        tensor("IMAGE", np.zeros((1, 8, 8, 4), np.uint8), "UINT8"),
        tensor("IMAGE", np.zeros((8, 8, 3), np.uint8), "UINT8"),
        tensor("IMAGE", np.zeros((1, 8, 8, 3), np.float32), "FP32"),
        tensor("IMAGE", np.zeros((1, 0, 8, 3), np.uint8), "UINT8"),
        tensor("PICTURE", np.zeros((1, 8, 8, 3), np.uint8), "UINT8"),
    ],
    ids=["four channels", "no batch axis", "float", "no rows", "wrong name"],
)
def test_a_wrong_tensor_is_refused_and_the_server_goes_on(
    triton: grpcclient.InferenceServerClient, value: grpcclient.InferInput
) -> None:
    with pytest.raises(InferenceServerException) as refusal:
        triton.infer("detect_edges", [value])
    assert refusal.value.status() == "StatusCode.INVALID_ARGUMENT"
    black = triton.infer("detect_edges", [tensor("IMAGE", np.zeros((1, 8, 8, 3), np.uint8), "UINT8")])
    assert not black.as_numpy("EDGES").any()


def test_a_caller_of_one_output_takes_nothing_from_callers_of_all(
    triton: grpcclient.InferenceServerClient, client: VisionClient
) -> None:
    photo = np.ascontiguousarray(skimage.data.coffee()[:350, :520])
    only_data = [grpcclient.InferRequestedOutput("DATA")]
    data = triton.infer("detect_objects", [tensor("IMAGE", photo[None], "UINT8")], outputs=only_data)
    assert b"cup" in data.as_numpy("DATA")[0, 0]
    client.call("describe_image", image=photo)
    for result in (client.call("detect_objects", image=photo), client.call("detect_objects", image=photo)):
        assert "cup" in result.text
        assert result.image is not None


def test_what_was_refused_is_refused_again(triton: grpcclient.InferenceServerClient) -> None:
    """Out of Triton's response cache the second refusal would come as an answer without outputs."""
    nothing = np.zeros((1, 96, 96, 3), np.uint8)
    for _ in range(3):
        with pytest.raises(InferenceServerException, match="nothing was found that could be cut out"):
            triton.infer("background_removal", [tensor("IMAGE", nothing, "UINT8")])
