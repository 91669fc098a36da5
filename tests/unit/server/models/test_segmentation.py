"""segment_image with its real network, on scenes and on what it was not made for."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from served_models import ask, open_model, photo, replies, request

from visgate_export.pocket.palette import CLASS_COLOURS, CLASS_NAMES
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, place, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.segmentation.answers import MOST_NAMED, parts_answer
from visgate_server.segmentation.labels import SegmentationLabels
from visgate_server.segmentation.tools import SEGMENT_IMAGE


def test_labels_and_colour_map_say_the_same() -> None:
    renderer = SceneRenderer(read_sprites())
    for scene in islice(scenes(61, held_out=True), 4):
        reply = ask("segmentation", renderer.picture(scene))
        colours = reply.pictures["PICTURE"].reshape(-1, 3)
        assert {entry["label"] for entry in reply.data["labels"]} == set(scene.combination.objects)
        for entry in reply.data["labels"]:
            assert entry["colour"] == list(CLASS_COLOURS[CLASS_NAMES.index(entry["label"])])
            assert abs((colours == entry["colour"]).all(axis=1).mean() - entry["share"]) < 1e-4
            assert entry["label"] in reply.text
        shares = sum(entry["share"] for entry in reply.data["labels"])
        assert abs(shares + reply.data["background_share"] - 1) < 1e-3


def test_a_plain_floor_is_background() -> None:
    reply = ask("segmentation", np.full((90, 120, 3), (84, 170, 84), np.uint8))
    assert reply.data["labels"] == []
    assert reply.data["background_share"] == 1
    assert not reply.pictures["PICTURE"].any()
    assert "Nothing but background" in reply.text


def test_a_photo_is_answered_in_its_own_size() -> None:
    image = photo("astronaut")
    reply = ask("segmentation", image)
    assert reply.pictures["PICTURE"].shape == reply.pictures["OVERLAY"].shape == image.shape


def test_parts_and_colour_map_say_the_same() -> None:
    renderer = SceneRenderer(read_sprites())
    for scene in islice(scenes(62, held_out=True), 4):
        reply = ask("segmentation", renderer.picture(scene), divide_by="part")
        colours = reply.pictures["PICTURE"]
        assert "labels" not in reply.data
        assert sorted(entry["label"] for entry in reply.data["parts"]) == sorted(scene.combination.objects)
        assert len({tuple(entry["colour"]) for entry in reply.data["parts"]}) == len(reply.data["parts"])
        for entry in reply.data["parts"]:
            covered = (colours == entry["colour"]).all(axis=2)
            left, top, right, bottom = entry["box"]
            assert abs(covered.mean() - entry["share"]) < 1e-4
            assert covered[top:bottom, left:right].sum() == covered.sum()
            assert f"{entry['label']} (" in reply.text
        shares = [entry["share"] for entry in reply.data["parts"]]
        assert shares == sorted(shares, reverse=True)
        assert abs(sum(shares) + reply.data["unassigned_share"] - 1) < 1e-3
        by_kind = ask("segmentation", renderer.picture(scene), divide_by="kind")
        assert by_kind.data["background_share"] == reply.data["unassigned_share"]


def two_trees() -> np.ndarray:
    """A tree on the left and a tree on the right."""
    twice = Combination(("tree", "tree"), "left of", "blue")
    return SceneRenderer(read_sprites()).picture(place(twice, np.random.default_rng(0)))


def test_two_trees_are_one_kind_and_two_parts() -> None:
    picture = two_trees()
    assert [entry["label"] for entry in ask("segmentation", picture).data["labels"]] == ["tree"]
    reply = ask("segmentation", picture, divide_by="part")
    assert reply.text.startswith("The picture has two parts: tree (")
    middles = sorted((entry["box"][0] + entry["box"][2]) / 2 for entry in reply.data["parts"])
    assert middles[0] < 32 < middles[1]


def test_a_batch_may_want_kinds_and_parts() -> None:
    model, picture = open_model("segmentation"), two_trees()
    wanted = ("kind", "part", "part", "kind")
    answers = answer_requests(model, [request(picture, divide_by=each) for each in wanted])
    for answer, each in zip(answers, wanted, strict=True):
        [row] = replies(answer)
        alone = ask("segmentation", picture, divide_by=each)
        assert (row.text, row.data) == (alone.text, alone.data)
        np.testing.assert_array_equal(row.pictures["PICTURE"], alone.pictures["PICTURE"])
    wrong, right = answer_requests(model, [request(picture, divide_by="colour"), request(picture)])
    assert isinstance(wrong, InvalidArgumentError)
    assert "kind" in str(wrong)
    assert "labels" in replies(right)[0].data


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (700, 3), (90, 120)])
def test_nothing_but_floor_has_no_parts(shape: tuple[int, int]) -> None:
    reply = ask("segmentation", np.full((*shape, 3), (84, 170, 84), np.uint8), divide_by="part")
    assert reply.data == {"parts": [], "unassigned_share": 1}
    assert "No part" in reply.text
    assert reply.pictures["PICTURE"].shape == reply.pictures["OVERLAY"].shape == (*shape, 3)
    assert not reply.pictures["PICTURE"].any()


def test_many_parts_are_counted_and_the_largest_named() -> None:
    known = SegmentationLabels(8, 8, ("background", "cup"), ((0, 0, 0), (9, 9, 9)), background=0)
    parts = np.repeat(np.arange(21), 50).reshape(21, 50)
    classes = np.where(parts == 3, 0, 1)
    reply = parts_answer(np.zeros((21, 50, 3), np.uint8), parts, classes, known)
    assert reply.text.startswith("The picture has 20 parts, the largest of them: cup (4.8%), cup (4.8%), something unk")
    assert reply.text.count("%") == MOST_NAMED
    assert [entry["label"] for entry in reply.data["parts"]] == ["cup", "cup", None, *["cup"] * 17]


def test_the_tool_says_what_its_parts_are_good_for() -> None:
    assert SEGMENT_IMAGE.checkpoint.split(", ") == ["openmmlab/upernet-convnext-small", "facebook/sam-vit-base"]
    assert "never for image_from_segmentation" in SEGMENT_IMAGE.description
    schema = SEGMENT_IMAGE.json_schema()["properties"]["divide_by"]
    assert (schema["enum"], schema["default"]) == (["kind", "part"], "kind")
