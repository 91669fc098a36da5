"""find_object, segment_object and remove_background mark what is meant, in held-out scenes, a drawing and photos."""

from __future__ import annotations

from itertools import islice

import numpy as np
import skimage.data
from numpy.typing import NDArray

from visgate_client import VisionClient
from visgate_export.pocket.finding.queries import QueryWriter
from visgate_export.pocket.finding.words import ABSENT_NEVER_READ
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites


def overlap(mask: NDArray[np.uint8], truth: NDArray[np.bool_]) -> float:
    inside = mask > 127
    return float((inside & truth).sum() / max((inside | truth).sum(), 1))


def test_held_out_scenes_are_searched_by_words(client: VisionClient) -> None:
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(1)
    writer = QueryWriter(random, ABSENT_NEVER_READ)
    overlaps, absent = [], []
    for scene in islice(scenes(91, held_out=True), 20):
        rendering, index = renderer.render(scene), int(random.integers(len(scene.objects)))
        text = writer.present(scene.combination, index).text
        found = client.call("segment_object", image=rendering.picture, object=text)
        overlaps.append(overlap(found.arrays["mask"].reshape(64, 64), rendering.masks[index]))
        missing = client.call("find_object", image=rendering.picture, object=writer.absent(scene.combination).text)
        absent.append(not missing.data["found"])
    assert np.mean(overlaps) > 0.8
    assert sum(absent) >= 18


def test_what_was_drawn_is_found_and_cut_out(client: VisionClient) -> None:
    drawing = client.call("generate_image", prompt="a strawberry on a blue background", seed=1, timeout=120)
    picture = drawing.arrays["picture"]
    found = client.call("find_object", image=picture, object="strawberry")
    assert (found.data["found"], found.data["way"]) == (True, "clipseg+segmentation")
    [[left, top, right, bottom]] = found.data["boxes"]
    cut_out = client.call("remove_background", image=picture).arrays["cutout"]
    inside = cut_out[top:bottom, left:right, 3]
    assert inside.mean() > 100
    assert cut_out[..., 3].sum() - inside.sum() < 0.05 * cut_out[..., 3].sum()
    assert not client.call("find_object", image=picture, object="the sofa").data["found"]


def test_the_cat_of_the_photo_is_found_and_masked(client: VisionClient) -> None:
    found = client.call("segment_object", image=skimage.data.chelsea(), object="the kitten")
    [[left, top, right, bottom]] = found.data["boxes"]
    assert left < 60
    assert top < 30
    assert right > 350
    assert bottom > 270
    assert found.arrays["mask"].reshape(300, 451)[100:200, 120:280].mean() > 230
    missing = client.call("find_object", image=skimage.data.chelsea(), object="a zebra")
    assert missing.data["found"] is False
    assert missing.data["others"] == ["cat"]


def test_the_astronaut_is_cut_out_as_the_mask_of_people_has_her(client: VisionClient) -> None:
    photo = skimage.data.astronaut()
    kept = client.call("remove_background", image=photo)
    assert kept.data["way"] == "person_mask"
    people = client.call("segment_person", image=photo).arrays["mask"]
    assert np.array_equal(kept.arrays["cutout"][..., 3], people.reshape(512, 512))
