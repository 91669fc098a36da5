"""find_object and segment_object mark what words name, in scenes and in photos, and say when it is not there."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import Reply, ask, open_model, outputs, photo, replies, request

from visgate_export.pocket.rendering import Rendering, SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError

MODEL = "object_finding"


@pytest.fixture(scope="module")
def rendered() -> list[tuple[Scene, Rendering]]:
    """Held-out scenes with two objects each."""
    renderer = SceneRenderer(read_sprites())
    pairs = (scene for scene in scenes(5, held_out=True) if len(scene.objects) == 2)
    return [(scene, renderer.render(scene)) for scene in islice(pairs, 12)]


def find(image: NDArray[np.uint8], name: str) -> Reply:
    return ask(MODEL, image, object=name, operation="find")


def segment(image: NDArray[np.uint8], name: str) -> Reply:
    return ask(MODEL, image, object=name, operation="segment")


def overlap(mask: NDArray[np.uint8], truth: NDArray[np.bool_]) -> float:
    inside = mask > 127
    return float((inside & truth).sum() / max((inside | truth).sum(), 1))


def test_each_object_of_a_scene_is_masked_by_its_name(rendered: list[tuple[Scene, Rendering]]) -> None:
    overlaps = [
        overlap(segment(rendering.picture, name).pictures["MASK"][..., 0], mask)
        for scene, rendering in rendered
        for name, mask in zip(scene.combination.objects, rendering.masks, strict=True)
    ]
    assert np.mean(overlaps) > 0.8


def test_the_mask_of_an_enlarged_scene_has_its_size(rendered: list[tuple[Scene, Rendering]]) -> None:
    scene, rendering = rendered[0]
    large = cv2.resize(rendering.picture, (256, 256), interpolation=cv2.INTER_CUBIC)
    reply = segment(large, scene.combination.objects[0])
    truth = cv2.resize(rendering.masks[0].astype(np.uint8), (256, 256), interpolation=cv2.INTER_LINEAR) > 0
    assert reply.pictures["MASK"].shape == (256, 256, 1)
    assert reply.pictures["CUTOUT"].shape == (256, 256, 4)
    assert overlap(reply.pictures["MASK"][..., 0], truth) > 0.7
    assert np.array_equal(reply.pictures["CUTOUT"][..., 3], reply.pictures["MASK"][..., 0])


def test_what_a_scene_does_not_have_is_not_found_and_its_own_things_are_told(
    rendered: list[tuple[Scene, Rendering]],
) -> None:
    told = []
    for scene, rendering in rendered:
        missing = next(name for name in ("sofa", "rocket", "moon") if name not in scene.combination.objects)
        reply = segment(rendering.picture, missing)
        told.append(not reply.data["found"] and set(scene.combination.objects) <= set(reply.data["others"]))
        if not reply.data["found"]:
            assert reply.pictures["MASK"].max() == 0
            assert f"No {missing} was found" in reply.text
    assert np.mean(told) > 0.8


def test_a_wide_picture_is_looked_at_square_by_square(rendered: list[tuple[Scene, Rendering]]) -> None:
    (first, one), (second, other) = rendered[0], rendered[1]
    wide = np.concatenate((one.picture, other.picture), axis=1)
    # The floors differ in colour: one of them alone fills enough of the picture only if they are alike.
    wide[:, 64:][~other.masks.any(axis=0)] = np.broadcast_to(one.picture[:, :1], other.picture.shape)[
        ~other.masks.any(axis=0)
    ]
    reply = segment(wide, second.combination.objects[0])
    assert reply.data["way"] == "clipseg+segmentation"
    assert reply.pictures["MASK"].shape == (64, 128, 1)
    if second.combination.objects[0] not in first.combination.objects:
        assert overlap(reply.pictures["MASK"][:, 64:, 0], other.masks[0]) > 0.5


def test_the_cat_of_the_photo_is_found_and_masked() -> None:
    reply = segment(photo("chelsea"), "the kitten")
    assert (reply.data["found"], reply.data["way"]) == (True, "detect_objects+grabcut")
    [[left, top, right, bottom]] = reply.data["boxes"]
    truth = (0, 0, 420, 300)  # she fills the picture but for a strip on the right
    width = min(right, truth[2]) - max(left, truth[0])
    height = min(bottom, truth[3]) - max(top, truth[1])
    union = (right - left) * (bottom - top) + truth[2] * truth[3] - width * height
    assert width * height / union > 0.85
    mask = reply.pictures["MASK"][..., 0]
    assert mask[100:200, 120:280].mean() > 230, "her face"
    assert 0.4 < (mask > 127).mean() < 0.95
    assert "kitten" in reply.text


def test_a_person_of_a_photo_has_the_mask_of_people() -> None:
    reply = segment(photo("astronaut"), "the woman")
    assert reply.data["way"] == "detect_objects+person_mask"
    mask = reply.pictures["MASK"][..., 0]
    assert mask[50:180, 185:260].mean() > 240, "her face"
    assert mask[:60, 452:].max() == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [("dragon", "not among the 80 kinds"), ("zebra", "No zebra was found")],
)
def test_what_a_photo_does_not_have_is_not_found_and_what_it_has_is_told(name: str, words: str) -> None:
    reply = find(photo("chelsea"), name)
    assert reply.data["found"] is False
    assert reply.data["boxes"] == []
    assert reply.data["others"] == ["cat"]
    assert words in reply.text
    assert "cat" in reply.text
    assert np.array_equal(reply.pictures["PICTURE"], photo("chelsea"))


def test_the_box_is_drawn(rendered: list[tuple[Scene, Rendering]]) -> None:
    reply = find(photo("coffee"), "mug")
    [[left, top, right, bottom]] = reply.data["boxes"]
    changed = (reply.pictures["PICTURE"] != photo("coffee")).any(axis=2)
    assert changed[(top + bottom) // 2, left - 3 : left + 4].any()
    assert not changed[(top + bottom) // 2, (left + right) // 2]


def test_a_batch_of_scenes_and_photos_answers_as_its_rows_do_alone(rendered: list[tuple[Scene, Rendering]]) -> None:
    scene, rendering = rendered[2]
    asked = [
        (photo("chelsea"), "cat"),
        (rendering.picture, scene.combination.objects[1]),
        (photo("astronaut"), "person"),
        (photo("coffee"), "horse"),
    ]
    requests = [request(image, object=name, operation="segment") for image, name in asked]
    answers = answer_requests(open_model(MODEL), requests)
    for (image, name), answer in zip(asked, answers, strict=True):
        [together], alone = replies(answer), segment(image, name)
        assert together.text == alone.text
        assert int(outputs(answer)["TIMES"][0, 2]) == len(asked)
        assert np.abs(together.pictures["MASK"].astype(int) - alone.pictures["MASK"]).max() <= 2


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_size_is_answered_in_its_own_size(size: tuple[int, int]) -> None:
    reply = segment(np.full((*size, 3), 77, np.uint8), "cat")
    assert reply.data["found"] is False
    assert all(drawn.shape[:2] == size for drawn in reply.pictures.values())


@pytest.mark.parametrize(("text", "words"), [("", "names nothing"), ("cat " * 80, "at most 200")])
def test_a_text_that_names_nothing_or_tells_a_story_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        find(photo("coffee"), text)
