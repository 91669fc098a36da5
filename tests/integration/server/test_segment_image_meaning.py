"""segment_image names the objects of held-out scenes and their pixels, as renderings and as drawings."""

from __future__ import annotations

from itertools import islice

import numpy as np

from visgate_client import VisionClient
from visgate_export.pocket.dense.picture_bank import sample_of
from visgate_export.pocket.palette import coloured
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
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
