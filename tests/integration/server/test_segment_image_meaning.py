"""segment_image names the objects of held-out scenes and their pixels, as renderings and as drawings."""

from __future__ import annotations

from itertools import islice

import numpy as np

from visgate_client import VisionClient
from visgate_export.pocket.dense.picture_bank import sample_of
from visgate_export.pocket.palette import coloured
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, place, scenes
from visgate_export.pocket.sprites import read_sprites


def test_the_pixels_of_held_out_scenes_have_their_objects_colours(client: VisionClient) -> None:
    renderer = SceneRenderer(read_sprites())
    named, overlaps = [], []
    for scene in islice(scenes(81, held_out=True), 16):
        sample = sample_of(scene, renderer.render(scene))
        result = client.call("segment_image", image=sample.picture)
        named.append({entry["label"] for entry in result.data["labels"]} == set(scene.combination.objects))
        found, true = result.arrays["picture"], coloured(sample.classes)
        is_object = sample.classes > 0
        right = (found == true).all(axis=2) & is_object
        overlaps.append(right.sum() / (is_object | found.any(axis=2)).sum())
    assert sum(named) >= 14
    assert np.mean(overlaps) > 0.85


def test_what_was_drawn_is_what_is_segmented(client: VisionClient) -> None:
    drawing = client.call("generate_image", prompt="a strawberry on a blue background", seed=1, timeout=120)
    result = client.call("segment_image", image=drawing.arrays["picture"])
    (label,) = result.data["labels"]
    assert label["label"] == "strawberry"
    assert 0.1 < label["share"] < 0.6


def test_two_things_of_one_kind_are_two_parts_beside_requests_for_kinds(client: VisionClient) -> None:
    twice = Combination(("apple", "apple"), "left of", "green")
    rendering = SceneRenderer(read_sprites()).render(place(twice, np.random.default_rng(5)))
    by_kind = client.call("segment_image", image=rendering.picture)
    by_part = client.call("segment_image", image=rendering.picture, divide_by="part")
    assert [entry["label"] for entry in by_kind.data["labels"]] == ["apple"]
    assert [entry["label"] for entry in by_part.data["parts"]] == ["apple", "apple"]
    assert "two parts" in by_part.text
    colours = [entry["colour"] for entry in by_part.data["parts"]]
    assert colours[0] != colours[1]
    for mask in rendering.masks:
        found = [(by_part.arrays["picture"] == colour).all(axis=2) for colour in colours]
        assert max((mask & own).sum() / (mask | own).sum() for own in found) > 0.8
