"""Edited and repaired pictures show what was asked for and keep the rest, as a network judges that saw none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_client import VisionClient
from visgate_export.pocket.edits.edit_tasks import EditTasks, recolouring_tasks, right_edits, swapping_tasks
from visgate_export.pocket.inpainting.inpainting_tasks import removing_tasks, replacing_tasks, right_pictures
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.rendering import SceneRenderer

SCENES = 12
AT_ONCE = 12


def ask(client: VisionClient, tool: str, calls: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    """A picture for every call, each with its own place in the list for a seed."""

    def one(seed: int) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = client.call(tool, seed=seed, timeout=240, **calls[seed]).arrays["picture"]
        return picture

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return np.stack(list(threads.map(one, range(len(calls)))))


@pytest.mark.parametrize(("tasks_of", "least"), [(recolouring_tasks, 0.8), (swapping_tasks, 0.65)])
def test_an_instruction_is_followed_and_the_rest_stays(
    client: VisionClient, judge: Judge, renderer: SceneRenderer, tasks_of: EditTasks, least: float
) -> None:
    tasks = list(islice(tasks_of(renderer, 300), SCENES))
    calls = [{"image": task.picture, "prompt": task.text, "enlarge": False} for task in tasks]
    edited = ask(client, "edit_image", calls)
    assert np.mean(right_edits(judge, tasks, edited)) >= least
    assert np.mean(right_edits(judge, tasks, np.stack([task.picture for task in tasks]))) == 0


def test_a_new_object_comes_under_the_mask_and_nothing_else_changes(
    client: VisionClient, judge: Judge, renderer: SceneRenderer
) -> None:
    tasks = list(islice(replacing_tasks(renderer, 301), SCENES))
    calls = [
        {"image": task.picture, "prompt": task.text, "mask": np.where(task.mask, np.uint8(255), np.uint8(0))}
        for task in tasks
    ]
    pictures = ask(client, "inpaint_image", calls)
    assert np.mean(right_pictures(judge, tasks, pictures)) >= 0.75
    for task, picture in zip(tasks, pictures, strict=True):
        assert np.array_equal(picture[~task.mask], task.picture[~task.mask])


def test_an_object_is_gone_where_the_background_is_asked_for(
    client: VisionClient, judge: Judge, renderer: SceneRenderer
) -> None:
    tasks = list(islice(removing_tasks(renderer, 302), SCENES))
    calls = [
        {"image": task.picture, "prompt": task.text, "mask": np.where(task.mask, np.uint8(255), np.uint8(0))}
        for task in tasks
    ]
    assert np.mean(right_pictures(judge, tasks, ask(client, "inpaint_image", calls))) >= 0.8
