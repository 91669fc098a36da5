"""detect_faces finds human faces, near and far, and not cats or cups."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from served_models import ask, open_model, photo, replies, request

from visgate_server.batching import answer_requests

FACE = (170, 60, 280, 200)
"""Where the astronaut's face is at most: x1, y1, x2, y2."""


def inside(point: list[float], box: tuple[int, int, int, int]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def test_the_astronaut_has_one_face_and_its_parts_are_in_place() -> None:
    reply = ask("detect_faces", photo("astronaut"))
    [face] = reply.data["faces"]
    assert reply.data["count"] == 1
    assert inside(face["box"][:2], FACE)
    assert inside(face["box"][2:], FACE)
    places = face["keypoints"]
    assert np.hypot(*np.subtract(places["right_eye"], (204, 102))) < 8, "her right eye is on the picture's left"
    assert np.hypot(*np.subtract(places["left_eye"], (248, 103))) < 8
    assert np.hypot(*np.subtract(places["mouth"], (223, 150))) < 10
    assert places["right_ear"][0] < places["right_eye"][0] < places["nose_tip"][0] < places["left_ear"][0]
    assert "a face" in reply.text


def test_the_photographer_in_profile_has_a_face() -> None:
    [face] = ask("detect_faces", photo("camera")).data["faces"]
    assert inside(face["box"][:2], (165, 100, 275, 215))
    assert inside(face["box"][2:], (165, 100, 275, 215))


@pytest.mark.parametrize("name", ["chelsea", "coffee", "page", "rocket", "hubble_deep_field"])
def test_cats_cups_and_pages_have_none(name: str) -> None:
    reply = ask("detect_faces", photo(name))
    assert reply.data == {"count": 0, "faces": []}
    assert "No face" in reply.text
    assert (reply.pictures["PICTURE"] == photo(name)).all()


@pytest.mark.parametrize("part", [0.4, 0.2])
def test_a_face_far_away_is_found_by_looking_closer(part: float) -> None:
    side = round(512 / part)
    image = cv2.resize(photo("grass"), (side, side))
    image[300:812, 200:712] = photo("astronaut")
    [face] = ask("detect_faces", np.ascontiguousarray(image)).data["faces"]
    middle = np.array(face["box"]).reshape(2, 2).mean(axis=0) - (200, 300)
    np.testing.assert_allclose(middle, (225, 125), atol=12)


def crops() -> NDArray[np.uint8]:
    """200 crops of 25 × 25 pixels: 100 of faces, then 100 of other things."""
    grey = np.clip(skimage.data.lfw_subset() * 255, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


def test_tiny_faces_are_mostly_found_and_other_things_never() -> None:
    model = open_model("detect_faces")
    rows = [
        len(reply.data["faces"])
        for start in range(0, 200, 20)
        for reply in replies(answer_requests(model, [request(*crops()[start : start + 20])])[0])
    ]
    assert np.count_nonzero(rows[:100]) >= 85
    assert np.count_nonzero(rows[100:]) == 0


def test_several_faces_are_counted_each_once() -> None:
    faces = [cv2.resize(crop, (120, 120), interpolation=cv2.INTER_CUBIC) for crop in crops()[[1, 6, 10, 15]]]
    image = np.full((400, 500, 3), 128, np.uint8)
    places = [(40, 40), (300, 40), (40, 240), (300, 240)]
    for face, (x, y) in zip(faces, places, strict=True):
        image[y : y + 120, x : x + 120] = face
    found = ask("detect_faces", image, threshold=0.6).data["faces"]
    middles = [np.array(face["box"]).reshape(2, 2).mean(axis=0) for face in found]
    nearest = {int(np.argmin([np.hypot(*(middle - (x + 60, y + 60))) for x, y in places])) for middle in middles}
    assert len(found) == len(nearest), "no face twice"
    assert len(found) >= 3


def test_a_batch_of_mixed_sizes_answers_as_one_by_one() -> None:
    images = [photo("astronaut"), photo("chelsea"), photo("camera"), photo("page")]
    together = answer_requests(open_model("detect_faces"), [request(image) for image in images])
    for image, answer in zip(images, together, strict=True):
        batched, alone = replies(answer)[0].data["faces"], ask("detect_faces", image).data["faces"]
        assert len(batched) == len(alone)
        for one, other in zip(batched, alone, strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=1e-3)
            np.testing.assert_allclose(one["box"], other["box"], atol=1)
            np.testing.assert_allclose(list(one["keypoints"].values()), list(other["keypoints"].values()), atol=0.3)


def test_the_picture_marks_the_eyes() -> None:
    image = photo("astronaut")
    drawn = ask("detect_faces", image).pictures["PICTURE"]
    green = drawn[..., 1].astype(int) - np.maximum(drawn[..., 0], drawn[..., 2]) > 60
    assert green[98:106, 200:208].any()
    assert not green[250:].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (37, 41)])
def test_every_size_is_answered(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    reply = ask("detect_faces", image, threshold=0.3)
    assert reply.pictures["PICTURE"].shape == image.shape
    for face in reply.data["faces"]:
        left, top, right, bottom = face["box"]
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]
