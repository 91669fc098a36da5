"""segment_person finds the person of a photo, and says when there is none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import REPOSITORY, ask, open_model, outputs, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.person_mask import PersonMask
from visgate_server.networks import open_network

FACE = (slice(50, 180), slice(185, 260))
UPPER_CORNERS = ((slice(0, 60), slice(0, 60)), (slice(0, 60), slice(452, 512)))


def test_the_astronaut_is_masked_and_the_flag_and_the_shuttle_are_not() -> None:
    reply = ask("person_mask", photo("astronaut"))
    mask = reply.pictures["MASK"][..., 0]
    assert mask.shape == (512, 512)
    assert mask[FACE].mean() > 250
    assert mask[300:400, 100:200].min() > 250, "the suit belongs to her"
    for corner in UPPER_CORNERS:
        assert mask[corner].max() == 0
    assert mask[100:230, 400:500].mean() < 3, "the shuttle does not"


def test_data_tells_share_and_box_of_the_mask() -> None:
    reply = ask("person_mask", photo("astronaut"))
    inside = reply.pictures["MASK"][..., 0] > 127
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert reply.data["person_found"] is True
    assert reply.data["person_score"] > 0.5
    assert reply.data["share"] == pytest.approx(inside.mean(), abs=1e-4)
    assert 0.4 < reply.data["share"] < 0.65
    assert reply.data["box"] == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert f"{reply.data['share']:.1%}" in reply.text


def test_the_overlay_tints_the_person_and_leaves_the_rest_as_it_was() -> None:
    image = photo("astronaut")
    reply = ask("person_mask", image)
    overlay, mask = reply.pictures["OVERLAY"], reply.pictures["MASK"][..., 0]
    assert np.array_equal(overlay[mask == 0], image[mask == 0])
    face = overlay[FACE].astype(int) - image[FACE]
    assert face[..., 2].mean() > 30
    assert face[..., 0].mean() < -30


def contrast_along(mask: NDArray[Any], image: NDArray[np.uint8]) -> float:
    """The picture's mean gradient, in grey levels, along the outline of a mask of 0–255."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    across, down = (np.abs(cv2.Sobel(smooth, cv2.CV_32F, *order)).max(axis=2) for order in ((1, 0), (0, 1)))
    outline = cv2.morphologyEx((mask > 127).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))
    # Where the mask is cut off by the picture's sides there is nothing to follow.
    inner = (slice(2, -2), slice(2, -2))
    return float(np.hypot(across, down)[inner][outline[inner] > 0].mean())


@pytest.mark.parametrize("name", ["astronaut", "camera"])
def test_the_mask_follows_the_pictures_edges_more_closely_than_the_network_does(name: str) -> None:
    image = photo(name)
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    network = open_network(REPOSITORY / "person_mask" / "1" / "selfie.onnx")
    plain = cv2.resize(network.run({"image": small[None]})["mask"][0] * 255, (512, 512))
    fitted = ask("person_mask", image).pictures["MASK"][..., 0]
    assert contrast_along(fitted, image) > 1.1 * contrast_along(plain, image)


def test_a_higher_threshold_cuts_tighter() -> None:
    def share(threshold: float) -> float:
        return float(ask("person_mask", photo("astronaut"), threshold=threshold).data["share"])

    assert share(0.9) < share(0.5) < share(0.1)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_without_a_person_the_text_says_so(name: str) -> None:
    reply = ask("person_mask", photo(name))
    assert "No person was found" in reply.text
    assert "only people" in reply.text
    assert reply.pictures["MASK"].max() == 0
    assert np.array_equal(reply.pictures["OVERLAY"], photo(name))
    assert reply.data["person_found"] is False
    assert reply.data["box"] is None
    assert reply.data["share"] == 0


def test_a_batch_answers_as_its_rows_do_alone() -> None:
    names = ["astronaut", "coffee", "camera"]
    answers = answer_requests(open_model("person_mask"), [request(photo(name)) for name in names])
    assert [int(outputs(answer)["TIMES"][0, 2]) for answer in answers] == [3, 3, 3]
    for name, answer in zip(names, answers, strict=True):
        [together], alone = replies(answer), ask("person_mask", photo(name))
        assert together.text == alone.text
        for tensor, drawn in together.pictures.items():
            assert np.abs(drawn.astype(int) - alone.pictures[tensor]).max() <= 2


def test_the_detector_takes_as_many_rows_as_this_model_sends_it_at_once() -> None:
    assert DetectObjects.spec.max_batch_size >= PersonMask.spec.max_batch_size


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_size_is_answered_in_its_own_size(size: tuple[int, int]) -> None:
    reply = ask("person_mask", np.full((*size, 3), 77, np.uint8))
    assert reply.data["person_found"] is False
    assert all(drawn.shape[:2] == size for drawn in reply.pictures.values())


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": 1.0}])
def test_wrong_arguments_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(wrong)).upper()):
        ask("person_mask", photo("camera"), **wrong)
