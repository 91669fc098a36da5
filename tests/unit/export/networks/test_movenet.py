"""The decoding for a batch against one written row by row, as the package's graph has it for one picture."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from visgate_export.foreign.tfjs_reader import GraphModel, GraphNode
from visgate_export.networks.movenet import build_movenet

SCOPE = "StatefulPartitionedCall"
RANDOM = np.random.default_rng(3)
CELLS = np.arange(64)
MIDDLE_WEIGHTS = (1 / (np.hypot(CELLS[:, None] - 31.5, CELLS - 31.5) + 1.8)).astype(np.float32)[:, :, None]
CONSTANTS = {
    "scale": np.full((1, 1, 1, 3), 1 / 127.5, np.float32),
    "one": np.array(1, np.float32),
    "middle": MIDDLE_WEIGHTS,
    "closeness": np.array(1.8, np.float32),
    "cell": np.full((1, 1, 1, 2), 1 / 64, np.float32),
    # Stand-ins for the network: each feature map is one convolution of the picture's blocks of 4 x 4 pixels.
    **{
        name: RANDOM.normal(size=(4, 4, 3, channels)).astype(np.float32) * 0.7
        for name, channels in (("heat", 17), ("centre", 1), ("regress", 34), ("offset", 34))
    },
}
BLOCKS = {"strides": [1, 4, 4, 1], "padding": "VALID"}
NODES = [
    GraphNode(f"{SCOPE}/truediv_1", "Mul", ("input", "scale"), {}),
    GraphNode(f"{SCOPE}/sub_1", "Sub", (f"{SCOPE}/truediv_1", "one"), {}),
    GraphNode("heat_logits", "Conv2D", (f"{SCOPE}/sub_1", "heat"), BLOCKS),
    GraphNode(f"{SCOPE}/Sigmoid", "Sigmoid", ("heat_logits",), {}),
    GraphNode("centre_logits", "Conv2D", (f"{SCOPE}/sub_1", "centre"), BLOCKS),
    GraphNode(f"{SCOPE}/Sigmoid_1", "Sigmoid", ("centre_logits",), {}),
    GraphNode(f"{SCOPE}/kpt_regress_0/conv2d_6/BiasAdd", "Conv2D", (f"{SCOPE}/sub_1", "regress"), BLOCKS),
    GraphNode(f"{SCOPE}/kpt_offset_0/conv2d_7/BiasAdd", "Conv2D", (f"{SCOPE}/sub_1", "offset"), BLOCKS),
    GraphNode(f"{SCOPE}/truediv_2", "Mul", (f"{SCOPE}/Sigmoid_1", "middle"), {}),
    GraphNode(f"{SCOPE}/add_5", "AddV2", ("distance", "closeness"), {}),
    GraphNode(f"{SCOPE}/mul_2", "Mul", ("places", "cell"), {}),
]


def sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


def keypoints_of(picture: np.ndarray) -> np.ndarray:
    values = picture.astype(np.float32) / 127.5 - 1
    blocks = values.reshape(64, 4, 64, 4, 3)
    heat, centre, regress, offset = (
        np.einsum("ykxlc,klco->yxo", blocks, CONSTANTS[name]) for name in ("heat", "centre", "regress", "offset")
    )
    heat = sigmoid(heat)
    y, x = np.unravel_index(np.argmax(sigmoid(centre) * MIDDLE_WEIGHTS), (64, 64))
    rows = []
    for keypoint in range(17):
        rough_y, rough_x = np.array([y, x]) + regress[y, x, 2 * keypoint : 2 * keypoint + 2]
        distance = np.hypot(CELLS[:, None] - rough_y, CELLS - rough_x)
        cell = np.unravel_index(np.argmax(heat[:, :, keypoint] / (distance + 1.8)), (64, 64))
        place = np.array(cell) + offset[cell][2 * keypoint : 2 * keypoint + 2]
        rows.append([*place / 64, heat[cell][keypoint]])
    return np.array(rows)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    model = build_movenet(GraphModel({node.name: node for node in NODES}, CONSTANTS))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("count", [1, 3])
def test_keypoints_of_each_row_are_its_own(session: onnxruntime.InferenceSession, count: int) -> None:
    pictures = np.random.default_rng(count).integers(0, 256, (count, 256, 256, 3), dtype=np.uint8)
    (built,) = session.run(["keypoints"], {"image": pictures})
    expected = np.stack([keypoints_of(picture) for picture in pictures])
    assert built.shape == (count, 17, 3)
    np.testing.assert_allclose(built, expected, atol=1e-4)
    # The case would be hollow if the rows, or the keypoints, all lay in one place.
    assert len({tuple(place) for place in np.round(built[..., :2] * 64).astype(int).reshape(-1, 2)}) > 10 * count
