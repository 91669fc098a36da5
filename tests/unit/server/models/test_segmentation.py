"""segment_image with its real network, on scenes and on what it was not made for."""

from __future__ import annotations

from itertools import islice

import numpy as np
from served_models import ask, photo

from visgate_export.pocket.palette import CLASS_COLOURS, CLASS_NAMES
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites


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
