"""detect_objects finds COCO's objects where they are."""

from __future__ import annotations

import numpy as np
import pytest
from served_models import ask, open_model, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.coco_labels import COCO_LABELS
from visgate_server.errors import InvalidArgumentError

Box = list[int]


def share_covered(box: Box, by: Box) -> float:
    """How much of a box another covers, 0–1."""
    width = max(0, min(box[2], by[2]) - max(box[0], by[0]))
    height = max(0, min(box[3], by[3]) - max(box[1], by[1]))
    return width * height / ((box[2] - box[0]) * (box[3] - box[1]))


def test_the_cat_is_one_cat_and_its_box_covers_it() -> None:
    reply = ask("detect_objects", photo("chelsea"))
    [cat] = reply.data["objects"]
    assert cat["label"] == "cat"
    head = [70, 20, 390, 285]
    assert share_covered(head, cat["box"]) > 0.95
    assert "cat" in reply.text


def test_the_cup_is_a_cup_and_the_spoon_beside_it_not_part_of_it() -> None:
    [cup] = ask("detect_objects", photo("coffee")).data["objects"]
    assert cup["label"] == "cup"
    assert share_covered([180, 30, 410, 200], cup["box"]) > 0.9
    assert share_covered(cup["box"], [150, 0, 440, 290]) > 0.95


def test_the_astronaut_is_a_person() -> None:
    [person] = ask("detect_objects", photo("astronaut")).data["objects"]
    assert person["label"] == "person"
    assert person["score"] > 0.5
    assert share_covered([60, 70, 330, 500], person["box"]) > 0.95


def test_a_lower_threshold_adds_weaker_objects_only() -> None:
    sure = ask("detect_objects", photo("coffee"), threshold=0.5).data["objects"]
    more = ask("detect_objects", photo("coffee"), threshold=0.3).data["objects"]
    assert more[: len(sure)] == sure
    assert {"cup", "dining table"} <= {thing["label"] for thing in more}
    scores = [thing["score"] for thing in more]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0.3


def test_boxes_stay_where_they_were_when_the_picture_gets_a_margin() -> None:
    """Letterboxing undone wrongly would move or stretch the box."""
    image = photo("astronaut")
    wide = np.full((512, 900, 3), 128, np.uint8)
    wide[:, 200:712] = image
    [alone] = ask("detect_objects", image).data["objects"]
    [moved] = [thing for thing in ask("detect_objects", wide).data["objects"] if thing["label"] == "person"]
    np.testing.assert_allclose(np.array(moved["box"]) - [200, 0, 200, 0], alone["box"], atol=25)


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_nothing_is_found_where_nothing_is(grey: int) -> None:
    image = np.full((300, 400, 3), grey, np.uint8)
    reply = ask("detect_objects", image)
    assert reply.data["objects"] == []
    assert "No object" in reply.text
    assert (reply.pictures["PICTURE"] == image).all()


def test_the_picture_shows_the_box() -> None:
    image = photo("chelsea")
    drawn = ask("detect_objects", image).pictures["PICTURE"]
    assert drawn.shape == image.shape
    changed = (drawn != image).any(axis=2)
    assert changed[60:280, 405:417].any(axis=1).all(), "the right side of the box"
    assert not changed[100:200, 100:300].any(), "the cat stays visible"


def test_a_batch_of_mixed_sizes_answers_as_one_by_one() -> None:
    images = [photo("astronaut"), photo("chelsea"), photo("coffee")]
    together = answer_requests(open_model("detect_objects"), [request(image) for image in images])
    for image, answer in zip(images, together, strict=True):
        [batched], [alone] = replies(answer)[0].data["objects"], ask("detect_objects", image).data["objects"]
        assert batched["label"] == alone["label"]
        assert batched["score"] == pytest.approx(alone["score"], abs=1e-3)
        np.testing.assert_allclose(batched["box"], alone["box"], atol=1)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (37, 41)])
def test_every_size_is_answered(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    reply = ask("detect_objects", image, threshold=0.05)
    assert reply.pictures["PICTURE"].shape == image.shape
    for thing in reply.data["objects"]:
        left, top, right, bottom = thing["box"]
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]


def test_a_threshold_out_of_range_is_refused() -> None:
    [answer] = answer_requests(open_model("detect_objects"), [request(photo("coffee"), threshold=1.5)])
    assert isinstance(answer, InvalidArgumentError)
    assert "THRESHOLD" in str(answer)


def test_there_are_eighty_names_each_once() -> None:
    assert len(COCO_LABELS) == len(set(COCO_LABELS)) == 80
