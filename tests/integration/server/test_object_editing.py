"""Objects go, change, and pictures grow: whole chains inside a real Triton, judged on scenes nobody was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_client import ArgumentError, DeadlineError, Progress, ToolResult, VisionClient
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, Scene, place, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.composite_model import AT_ONCE

SCENES = 8
PATIENCE_S = 240
"""A busy machine draws slowly."""

STORM = 200
"""Calls that nobody waits for."""

RENDERER = Callable[[Scene], NDArray[np.uint8]]


@pytest.fixture(scope="module")
def rendered() -> RENDERER:
    return SceneRenderer(read_sprites()).picture


@pytest.fixture(scope="module")
def cat_and_apple(rendered: RENDERER) -> NDArray[np.uint8]:
    combination = Combination(("cat", "apple"), "left of", "blue")
    return rendered(place(combination, np.random.default_rng(3)))


def at_once(client: VisionClient, tool: str, calls: Sequence[dict[str, Any]]) -> list[ToolResult]:
    """All the calls together, more than are worked on at the same time."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(lambda given: client.call(tool, given, timeout=PATIENCE_S), calls))


def unmasked(result: ToolResult) -> NDArray[np.bool_]:
    mask = result.arrays["mask"]
    return np.asarray(mask.reshape(mask.shape[:2]) == 0)


def share_right(judge: Judge, results: Sequence[ToolResult], wanted: Sequence[Sequence[str]]) -> float:
    """Of pictures, those in which the judge sees just these objects."""
    seen = judge.look(np.stack([result.arrays["picture"] for result in results]))
    return float(
        np.mean([sorted(o.name for o in each.objects) == sorted(own) for each, own in zip(seen, wanted, strict=True)])
    )


def test_an_object_is_replaced_and_the_rest_stays(client: VisionClient, judge: Judge, rendered: RENDERER) -> None:
    chosen = list(islice(scenes(61, held_out=True, pairs=1.0), SCENES))
    new = ["dog" if "dog" not in scene.combination.objects else "cat" for scene in chosen]
    calls = [
        {"image": rendered(scene), "object": scene.combination.objects[0], "replacement": name, "seed": seed}
        for seed, (scene, name) in enumerate(zip(chosen, new, strict=True))
    ]
    results = at_once(client, "replace_object", calls)
    wanted = [(name, scene.combination.objects[1]) for scene, name in zip(chosen, new, strict=True)]
    assert share_right(judge, results, wanted) >= 0.7
    for given, result in zip(calls, results, strict=True):
        kept = unmasked(result)
        assert kept.mean() > 0.3
        assert (result.arrays["picture"][kept] == given["image"][kept]).all()


def test_removed_objects_are_gone_and_more_callers_than_places_are_served(
    client: VisionClient, judge: Judge, rendered: RENDERER
) -> None:
    chosen = list(islice(scenes(62, held_out=True), AT_ONCE + 3))
    calls = [
        {"image": rendered(scene), "object": scene.combination.objects[0], "seed": seed}
        for seed, scene in enumerate(chosen)
    ]
    results = at_once(client, "remove_object", calls)
    assert share_right(judge, results, [scene.combination.objects[1:] for scene in chosen]) >= 0.75
    assert all(result.data["found"] for result in results)


def test_a_large_picture_keeps_its_size_and_every_pixel_outside_the_mask(
    client: VisionClient, judge: Judge, cat_and_apple: NDArray[np.uint8]
) -> None:
    large = client.call("upscale_image", image=cat_and_apple).arrays["picture"]
    *told, result = client.stream("replace_object", image=large, object="the cat", replacement="dog", seed=1)
    picture, kept = result.arrays["picture"], unmasked(result)
    assert picture.shape == (256, 256, 3)
    assert (picture[kept] == large[kept]).all()
    assert "Replaced the cat by a dog" in result.text
    steps = [item for item in told if isinstance(item, Progress)]
    assert steps
    assert {item.of for item in steps} == {20}
    assert any(item.preview is not None for item in steps)


def test_the_pieces_do_what_the_chain_does(client: VisionClient, cat_and_apple: NDArray[np.uint8]) -> None:
    mask = client.call("segment_object", image=cat_and_apple, object="cat").arrays["mask"]
    mask = mask.reshape(64, 64)
    by_hand = client.call("inpaint_image", image=cat_and_apple, mask=mask, prompt="a dog", seed=1).arrays["picture"]
    assert (by_hand[mask < 128] == cat_and_apple[mask < 128]).all()
    assert np.abs(by_hand[mask >= 128].astype(int) - cat_and_apple[mask >= 128]).mean() > 10


def test_an_extended_picture_keeps_the_old_one_and_continues_its_floor(
    client: VisionClient, cat_and_apple: NDArray[np.uint8]
) -> None:
    result = client.call("extend_image", image=cat_and_apple, left=32, right=8, seed=2, timeout=PATIENCE_S)
    picture = result.arrays["picture"]
    assert picture.shape == (64, 104, 3)
    assert (picture[:, 32:96] == cat_and_apple).all()
    assert result.data["box"] == [32, 0, 96, 64]
    assert result.data["caption"], "nothing was said of the picture, so it was looked at"
    floor = cat_and_apple[:, :1].astype(int)
    assert np.abs(picture[:, :32] - floor).mean() < 20


def test_what_is_not_there_is_said_and_nothing_changes(client: VisionClient, cat_and_apple: NDArray[np.uint8]) -> None:
    for tool, more in (("remove_object", {}), ("replace_object", {"replacement": "a dog"})):
        result = client.call(tool, image=cat_and_apple, object="umbrella", **more)
        assert (result.arrays["picture"] == cat_and_apple).all()
        assert not result.data["found"]
        assert "No umbrella was found" in result.text
        assert "cat" in result.text
        assert "Nothing was changed" in result.text


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("remove_object", {"object": "  "}, "OBJECT is empty"),
        ("replace_object", {"object": "cat", "replacement": " "}, "REPLACEMENT is empty"),
        ("replace_object", {"object": "cat", "replacement": "dog " * 600}, "REPLACEMENT has 2399 characters"),
        ("extend_image", {"left": 8, "factor": 2.0}, "in more than one way"),
        ("extend_image", {"width": 60, "height": 200}, "extends nothing"),
        ("inpaint_image", {"mask": np.zeros((64, 64), np.uint8), "prompt": "a cat"}, "no white"),
        ("inpaint_image", {"mask": np.full((32, 64), 255, np.uint8), "prompt": "a cat"}, "64 × 32 pixels"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_drawn(
    client: VisionClient, cat_and_apple: NDArray[np.uint8], tool: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        client.call(tool, {"image": cat_and_apple, **arguments})


def test_a_storm_of_calls_that_are_given_up_leaves_it_serving(
    client: VisionClient, cat_and_apple: NDArray[np.uint8]
) -> None:
    """Triton's backend destroys streams beside Python unless they are kept: two storms of three found a crash by it."""

    def leave_early(_: int) -> None:
        for _ in client.stream("replace_object", image=cat_and_apple, object="cat", replacement="banana"):
            break

    def have_no_time(_: int) -> None:
        with pytest.raises(DeadlineError):
            client.call("replace_object", image=cat_and_apple, object="cat", replacement="dog", timeout=0.03)

    def go_through(number: int) -> ToolResult:
        return client.call(
            "extend_image", image=cat_and_apple, left=16, steps=4, seed=number % 2, prompt="a blue wall", timeout=60
        )

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda number: (leave_early, have_no_time)[number % 2](number), range(STORM)))
        first, second, *others = threads.map(go_through, range(AT_ONCE))
    assert not np.array_equal(first.arrays["picture"], second.arrays["picture"])
    for number, result in enumerate(others):
        np.testing.assert_array_equal(result.arrays["picture"], (first, second)[number % 2].arrays["picture"])
