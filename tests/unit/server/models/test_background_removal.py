"""remove_background keeps a scene's objects, a photo's people or its main thing, and refuses what has none."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import ask, open_model, outputs, photo, replies, request

from visgate_export.pocket.rendering import Rendering, SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.models.background_removal import BackgroundRemoval

FACE = (slice(50, 180), slice(185, 260))
UPPER_CORNERS = ((slice(0, 60), slice(0, 60)), (slice(0, 60), slice(452, 512)))


@pytest.fixture(scope="module")
def scene() -> Rendering:
    renderer = SceneRenderer(read_sprites())
    return next(renderer.render(one) for one in islice(scenes(3, held_out=True), 50) if len(one.objects) == 2)


def overlap(mask: NDArray[np.uint8], truth: NDArray[np.bool_]) -> float:
    inside = mask > 127
    return float((inside & truth).sum() / (inside | truth).sum())


def test_the_astronaut_is_kept_as_the_mask_of_people_has_her() -> None:
    image = photo("astronaut")
    reply = ask("background_removal", image)
    assert list(reply.pictures) == ["CUTOUT", "MASK"]
    cutout = reply.pictures["CUTOUT"]
    assert cutout.shape == (512, 512, 4)
    alpha = cutout[..., 3]
    assert np.array_equal(alpha, reply.pictures["MASK"][..., 0])
    assert np.array_equal(alpha, ask("person_mask", image).pictures["MASK"][..., 0])
    assert np.array_equal(cutout[alpha > 0, :3], image[alpha > 0])
    assert (cutout[alpha == 0, :3] == 255).all(), "hidden pixels carry no trace of what was removed"
    assert alpha[FACE].mean() > 250
    for corner in UPPER_CORNERS:
        assert alpha[corner].max() == 0
    assert (reply.data["way"], reply.data["kept"]) == ("person_mask", ["person"])
    assert 0.4 < reply.data["share"] < 0.65


def test_a_scenes_objects_are_kept(scene: Rendering) -> None:
    reply = ask("background_removal", scene.picture)
    assert reply.data["way"] == "segmentation"
    assert len(reply.data["kept"]) == 2
    assert overlap(reply.pictures["MASK"][..., 0], scene.masks.any(axis=0)) > 0.8


@pytest.mark.parametrize(("name", "kept"), [("chelsea", "cat"), ("coffee", "cup")])
def test_without_people_the_main_thing_is_kept_and_the_text_says_so(name: str, kept: str) -> None:
    reply = ask("background_removal", photo(name))
    assert (reply.data["way"], reply.data["kept"]) == ("detect_objects+grabcut", [kept])
    assert kept in reply.text
    assert "no people" in reply.text
    left, top, right, bottom = reply.data["box"]
    mask = reply.pictures["MASK"][..., 0]
    assert mask[(top + bottom) // 2, (left + right) // 2] > 200
    assert 0.08 < reply.data["share"] < 0.95


@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_picture_of_nothing_is_refused_and_told_what_can_be_cut_out(level: int) -> None:
    with pytest.raises(InvalidArgumentError, match="people, and COCO's 80"):
        ask("background_removal", np.full((300, 400, 3), level, np.uint8))


def test_a_batch_answers_as_its_rows_do_alone_and_refuses_one_row(scene: Rendering) -> None:
    pictures = [photo("astronaut"), scene.picture, np.zeros((50, 60, 3), np.uint8), photo("coffee")]
    answers = answer_requests(open_model("background_removal"), [request(picture) for picture in pictures])
    assert isinstance(answers[2], InvalidArgumentError)
    for index in (0, 1, 3):
        [together], alone = replies(answers[index]), ask("background_removal", pictures[index])
        assert together.text == alone.text
        assert int(outputs(answers[index])["TIMES"][0, 2]) == 4
        assert np.abs(together.pictures["MASK"].astype(int) - alone.pictures["MASK"]).max() <= 2


def test_a_higher_threshold_cuts_people_tighter() -> None:
    shares = [ask("background_removal", photo("astronaut"), threshold=value).data["share"] for value in (0.1, 0.9)]
    assert shares[0] > shares[1]


def test_it_calls_only_what_it_says() -> None:
    assert set(BackgroundRemoval.spec.calls) == {"segmentation", "person_mask", "detect_objects"}
    assert BackgroundRemoval.spec.warmup_sides == ()
    assert json.dumps(BackgroundRemoval.spec.wire_tools())
