"""The judge is right about real scenes that it was not trained on, and its measures tell right from wrong."""

import numpy as np
import pytest

from visgate_export.pocket.captions import PLAIN
from visgate_export.pocket.judge import Judge, SeenObject, Verdict, arrangement_of
from visgate_export.pocket.quality import edge_agreement, held_out_tasks, judge_drawings, load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import place
from visgate_export.pocket.sprites import read_sprites
from visgate_export.pocket.train_judge import measure


@pytest.fixture(scope="module")
def judge() -> Judge:
    return load_judge()


def test_it_is_right_about_held_out_real_scenes(judge: Judge) -> None:
    assert min(measure(judge, count=600, seed=99).values()) >= 0.98


def test_a_drawing_of_something_else_is_found_out(judge: Judge) -> None:
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(0)
    tasks = held_out_tasks(60, seed=3, wordings=PLAIN)
    right = np.stack([renderer.picture(place(task.combination, random)) for task in tasks])
    assert judge_drawings(judge, tasks, right).all >= 0.95
    shifted = np.roll(right, 1, axis=0)
    assert judge_drawings(judge, tasks, shifted).all <= 0.05


@pytest.mark.parametrize(
    ("places", "arrangement"),
    [
        ([("cat", 16, 32), ("dog", 48, 30)], "left of"),
        ([("cat", 48, 32), ("dog", 16, 30)], "right of"),
        ([("cat", 32, 10), ("dog", 30, 50)], "above"),
        ([("cat", 32, 50), ("dog", 30, 10)], "below"),
        ([("cat", 33, 31)], "centre"),
        ([("cat", 12, 33)], "left"),
        ([("cat", 32, 52)], "bottom"),
        ([], None),
        ([("cat", 9, 9), ("dog", 30, 30), ("sun", 50, 50)], None),
    ],
)
def test_an_arrangement_is_read_from_where_things_are(places, arrangement: str | None) -> None:
    verdict = Verdict(tuple(SeenObject(name, across, down, 0.9) for name, across, down in places), "red")
    assert arrangement_of(verdict, "cat") == arrangement


def test_edges_agree_as_far_as_they_lie_together() -> None:
    edges = np.zeros((32, 32), bool)
    edges[8] = True
    assert edge_agreement(edges, edges) == 1
    assert edge_agreement(np.roll(edges, 1, axis=0), edges) == 1
    assert edge_agreement(np.roll(edges, 3, axis=0), edges) == 0
    half = edges.copy()
    half[:, 16:] = False
    assert edge_agreement(half, edges) == pytest.approx(2 * 0.53 / 1.53, abs=0.03)
    assert edge_agreement(np.zeros_like(edges), edges) == 0


def test_the_tasks_are_held_out_and_repeatable() -> None:
    tasks = held_out_tasks(50, seed=1, plain_share=0.5)
    assert tasks == held_out_tasks(50, seed=1, plain_share=0.5)
    assert all(task.combination.held_out for task in tasks)
    assert len({task.combination for task in tasks}) > 45
