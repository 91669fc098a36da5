"""What is drawn is what was asked for, as a network judges that never saw a drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_client import ToolResult, VisionClient
from visgate_export.pocket.captions import PLAIN, caption
from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.control_pictures.poses import FIGURES
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.quality import (
    Task,
    edge_agreement,
    held_out_tasks,
    judge_drawings,
    overlap,
    silhouette,
)
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, Scene, scenes

AT_ONCE = 16


def draw(client: VisionClient, prompts: Sequence[str], tool: str = "generate_image", **arguments: Sequence[object]):
    """A drawing of 64 × 64 pixels for every prompt, each with its own place in the list for a seed."""

    def one(index: int) -> NDArray[np.uint8]:
        own = {name: values[index] for name, values in arguments.items()}
        result: ToolResult = client.call(tool, prompt=prompts[index], seed=index, enlarge=False, timeout=240, **own)
        return result.arrays["picture"]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return np.stack(list(threads.map(one, range(len(prompts)))))


def test_held_out_captions_are_drawn_as_they_say(client: VisionClient, judge: Judge) -> None:
    tasks = held_out_tasks(100, seed=100, plain_share=0.5)
    quality = judge_drawings(judge, tasks, draw(client, [task.prompt for task in tasks]))
    assert quality.objects >= 0.9
    assert quality.background >= 0.95
    assert quality.arrangement >= 0.85


def test_an_apple_is_an_apple_on_the_background_that_was_asked_for(client: VisionClient, judge: Judge) -> None:
    colours = ("green", "white", "blue", "yellow")
    tasks = [
        Task(f"an apple on a {colour} background", Combination(("apple",), "centre", colour)) for colour in colours
    ]
    quality = judge_drawings(judge, tasks, draw(client, [task.prompt for task in tasks]))
    assert quality.objects == quality.background == 1


def test_the_negative_prompt_turns_the_drawing_away(client: VisionClient, judge: Judge) -> None:
    prompts = ["a cat next to a dog"] * 8
    plain = judge.look(draw(client, prompts))
    without_cat = judge.look(draw(client, prompts, negative_prompt=["a cat"] * 8, guidance=[6.0] * 8))

    def cats(verdicts: Sequence[object]) -> int:
        return sum(seen.name == "cat" for verdict in verdicts for seen in verdict.objects)

    assert cats(plain) >= 5
    assert cats(without_cat) < cats(plain)


def along_outlines(drawing: NDArray[np.uint8], picture: NDArray[np.uint8]) -> float:
    return edge_agreement(cv2.Canny(drawing, 70, 140) > 0, cv2.Canny(picture, 70, 140) > 0)


def same_silhouette(drawing: NDArray[np.uint8], picture: NDArray[np.uint8]) -> float:
    return overlap(silhouette(drawing), silhouette(picture))


@cache
def chosen_scenes(*, alone: bool) -> list[Scene]:
    """Held-out scenes: of figures alone, or of whatever comes."""
    source = scenes(77, held_out=True, pairs=0.0 if alone else 0.7)
    return list(islice((scene for scene in source if not alone or scene.combination.objects[0] in FIGURES), 12))


@cache
def chosen_prompts(*, alone: bool) -> list[str]:
    random = np.random.default_rng(4)
    scenes_to_say = chosen_scenes(alone=alone)
    return [caption(scene.combination, random, PLAIN, plain_names=True).text for scene in scenes_to_say]


@pytest.fixture(scope="module")
def drawn_freely(client: VisionClient) -> dict[bool, NDArray[np.uint8]]:
    """Drawings without control pictures, of `chosen_scenes`, by `alone`."""
    return {alone: draw(client, chosen_prompts(alone=alone)) for alone in (True, False)}


@pytest.mark.parametrize(
    ("kind", "score", "margin"),
    [
        ("edges", along_outlines, 0.15),
        ("depth", along_outlines, 0.1),
        ("soft_edges", along_outlines, 0.1),
        ("sketch", along_outlines, 0.1),
        ("segmentation", same_silhouette, 0.1),
        ("normals", same_silhouette, 0.1),
        ("pose", same_silhouette, 0.1),
    ],
)
def test_a_control_picture_leads_the_drawing(
    client: VisionClient,
    renderer: SceneRenderer,
    drawn_freely: dict[bool, NDArray[np.uint8]],
    kind: str,
    score: Callable[[NDArray[np.uint8], NDArray[np.uint8]], float],
    margin: float,
) -> None:
    """The same prompts and seeds with and without it; how the drawings agree with the scenes."""
    random = np.random.default_rng(4)
    alone = kind == "pose"
    chosen = chosen_scenes(alone=alone)
    controls = [CONTROL_PICTURES[kind](renderer, scene, random) for scene in chosen]
    led = draw(client, chosen_prompts(alone=alone), f"image_from_{kind}", image=controls)

    def agreement(drawings: NDArray[np.uint8]) -> float:
        pairs = zip(drawings, chosen, strict=True)
        return float(np.mean([score(drawing, renderer.picture(scene)) for drawing, scene in pairs]))

    assert agreement(led) >= agreement(drawn_freely[alone]) + margin


def test_a_redrawn_picture_keeps_the_place_and_takes_the_new_object(
    client: VisionClient, judge: Judge, renderer: SceneRenderer
) -> None:
    scene = next(
        scene
        for scene in scenes(5)
        if scene.combination.objects == ("strawberry",) and scene.combination.arrangement == "centre"
    )
    picture = renderer.picture(scene)
    kept = draw(client, ["a strawberry"] * 4, "redraw_image", image=[picture] * 4, strength=[0.3] * 4)
    assert np.abs(kept.astype(int) - picture).mean() < 12
    assert all(verdict.background == scene.combination.background for verdict in judge.look(kept))
