"""Tasks of editing and inpainting are fulfilled by what they call the truth, and not by the picture as it was."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest

from visgate_export.pocket.edits.edit_tasks import EditTasks, recolouring_tasks, removing_tasks, swapping_tasks
from visgate_export.pocket.edits.edit_tasks import right_edits as right_changes
from visgate_export.pocket.inpainting.inpainting_tasks import InpaintTask, replacing_tasks, right_pictures
from visgate_export.pocket.inpainting.inpainting_tasks import removing_tasks as hiding_tasks
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.quality import load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.sprites import read_sprites

COUNT = 24


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())


@pytest.mark.parametrize("make", [recolouring_tasks, swapping_tasks, removing_tasks])
def test_edits_are_judged_by_what_should_be_seen(make: EditTasks, judge: Judge, renderer: SceneRenderer) -> None:
    tasks = list(islice(make(renderer, 1), COUNT))
    assert all(task.scene.combination.held_out for task in tasks)
    if make is not removing_tasks:
        assert all(task.wanted.held_out for task in tasks)
    assert np.mean(right_changes(judge, tasks, np.stack([task.truth for task in tasks]))) > 0.9
    assert not any(right_changes(judge, tasks, np.stack([task.picture for task in tasks])))


@pytest.mark.parametrize("make", [replacing_tasks, hiding_tasks])
def test_holes_are_judged_by_what_should_be_seen(
    make: Callable[[SceneRenderer, int], Iterator[InpaintTask]], judge: Judge, renderer: SceneRenderer
) -> None:
    tasks = list(islice(make(renderer, 2), COUNT))
    given = [np.where(task.mask[..., None], task.truth, task.picture) for task in tasks]
    assert np.mean(right_pictures(judge, tasks, np.stack(given))) > 0.85
    assert not any(right_pictures(judge, tasks, np.stack([task.picture for task in tasks])))
