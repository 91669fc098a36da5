"""The choice of boxes for a batch against one written row by row with plain loops."""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime
import pytest

from visgate_export.foreign.tfjs_reader import GraphModel, GraphNode
from visgate_export.networks.centernet import build_centernet
from visgate_export.recipes.object_detection import detection_difference

RANDOM = np.random.default_rng(5)
BLOCKS = {"strides": [1, 4, 4, 1], "padding": "VALID"}


def blind_to_brightness(weights: np.ndarray) -> np.ndarray:
    """Without this one kind would win everywhere."""
    return (weights - weights.mean(axis=(0, 1, 2))).astype(np.float32)


# Stand-ins for the network: each feature map is one convolution of the picture's blocks of 4 x 4 pixels.
CONSTANTS = {
    "scores": blind_to_brightness(np.broadcast_to(RANDOM.normal(size=(1, 1, 3, 80)) / 1500, (4, 4, 3, 80))),
    "sides": blind_to_brightness(RANDOM.normal(size=(4, 4, 3, 4)) / 20),
}
NODES = [
    GraphNode("logits", "Conv2D", ("tower_0/images", "scores"), BLOCKS),
    GraphNode("tower_0/keypoints", "Sigmoid", ("logits",), {}),
    GraphNode("tower_0/wh", "Conv2D", ("tower_0/images", "sides"), BLOCKS),
]


def detections_of(picture: np.ndarray) -> np.ndarray:
    blocks = picture.astype(np.float32).reshape(128, 4, 128, 4, 3)
    scores = 1 / (1 + np.exp(-np.einsum("ykxlc,klco->yxo", blocks, CONSTANTS["scores"])))
    sides = np.einsum("ykxlc,klco->yxo", blocks, CONSTANTS["sides"])
    rows = []
    for flat in np.argsort(-scores, axis=None):
        y, x, kind = np.unravel_index(flat, scores.shape)
        if scores[y, x, kind] < scores[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2, kind].max():
            continue
        left, top, right, bottom = sides[y, x]
        rows.append([4 * x - left, 4 * y - top, 4 * x + right, 4 * y + bottom, scores[y, x, kind], kind])
        if len(rows) == 100:
            break
    return np.array(rows)


def smooth_pictures(count: int) -> np.ndarray:
    """Spots of colour of a few cells: next to a high score lie other high ones, which are no peaks."""
    noise = np.random.default_rng(count).normal(size=(count, 512, 512, 3))
    spots = np.stack([cv2.GaussianBlur(picture, (0, 0), 6) for picture in noise])
    return np.clip(128 + 40 * spots / spots.std(), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    model = build_centernet(GraphModel({node.name: node for node in NODES}, CONSTANTS))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("count", [1, 3])
def test_detections_of_each_row_are_its_own(session: onnxruntime.InferenceSession, count: int) -> None:
    pictures = smooth_pictures(count)
    (built,) = session.run(["detections"], {"image": pictures})
    assert built.shape == (count, 100, 6)
    for row, picture in zip(built, pictures, strict=True):
        expected = detections_of(picture)
        for pair in ((row, expected), (expected, row)):
            boxes, scores = detection_difference(*pair)
            assert boxes < 2e-3
            assert scores < 1e-5
        assert (np.diff(row[:, 4]) <= 0).all()
        assert len(set(row[:, 5])) > 10  # many kinds, or the order of the axes would not show


def test_difference_of_two_lists_ignores_their_order() -> None:
    kinds = np.arange(100) % 7
    some = np.column_stack([RANDOM.uniform(0, 512, (100, 4)), np.linspace(0.9, 0.1, 100), kinds])
    others = some.copy()
    others[[3, 4]] = others[[4, 3]]
    assert detection_difference(some, others) == (0, 0)
    others[10, 2] += 0.5
    others[20, 4] += 0.001
    boxes, scores = detection_difference(some, others)
    assert (boxes, scores) == pytest.approx((0.5, 0.001))


@pytest.mark.parametrize("spoil", ["kind", "number", "nothing to compare"])
def test_difference_of_lists_that_cannot_be_matched_is_infinite(spoil: str) -> None:
    some = np.column_stack([RANDOM.uniform(0, 512, (100, 4)), np.linspace(0.9, 0.1, 100), np.zeros(100)])
    others = some.copy()
    if spoil == "kind":
        others[:, 5] = 1
    elif spoil == "number":
        others[0, 0] = np.nan
    else:
        some[:, 4] = others[:, 4] = 0.5
    assert detection_difference(some, others) == (np.inf, np.inf)
