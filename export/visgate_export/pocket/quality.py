"""Scores drawings: whether they show what was asked for, and follow a control picture; makes no drawing itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.captions import PLAIN, TRAINING, Wordings, caption
from visgate_export.pocket.judge import Judge, Verdict, arrangement_of
from visgate_export.pocket.rendering import FAR_SHADE
from visgate_export.pocket.scenes import Combination, sample_combination
from visgate_export.pocket.weight_files import read_weights

UInt8Array = npt.NDArray[np.uint8]

EDGE_TOLERANCE = 1
"""Pixels that an edge may lie beside the one it is compared with."""
_FRAME = 2
"""Pixels at the picture's border that show the floor, but where an object stands there."""
_UNLIKE_FLOOR = 30
"""Of 255: what differs from the floor by more, in any colour, is no floor."""


@dataclass(frozen=True)
class Task:
    """A prompt and what its drawing has to show."""

    prompt: str
    combination: Combination


@dataclass(frozen=True)
class Quality:
    """Shares of drawings, 0–1, in which each was right."""

    objects: float
    background: float
    arrangement: float
    all: float
    drawings: int


def held_out_tasks(
    count: int, seed: int, wordings: Wordings = TRAINING, *, pairs: float = 0.7, plain_share: float = 0.0
) -> list[Task]:
    """Prompts for combinations that no network was trained on.

    Args:
        count: how many.
        seed: the same seed gives the same prompts.
        wordings: how they are said.
        pairs: share of prompts with two objects, 0–1.
        plain_share: share of prompts said in the simplest way instead, 0–1.
    """
    random = np.random.default_rng(seed)
    tasks = []
    for index in range(count):
        combination = sample_combination(random, held_out=True, pairs=pairs)
        plain = index < plain_share * count
        said = caption(combination, random, PLAIN if plain else wordings, plain_names=plain)
        tasks.append(Task(said.text, combination))
    return tasks


def load_judge() -> Judge:
    """The trained judge.

    Raises:
        FileNotFoundError: it has not been trained.
    """
    judge = Judge()
    judge.load_state_dict(read_weights("judge"))
    judge.eval()
    return judge


def judge_drawings(judge: Judge, tasks: Sequence[Task], drawings: UInt8Array) -> Quality:
    """How many drawings show what was asked for.

    Args:
        judge: from `load_judge`.
        tasks: what was asked for.
        drawings: [N, 64, 64, 3] RGB 0–255, a drawing for each task.
    """
    right = []
    for task, verdict in zip(tasks, judge.look(drawings), strict=True):
        wanted = task.combination
        right.append(
            (
                sorted(seen.name for seen in verdict.objects) == sorted(wanted.objects),
                verdict.background == wanted.background,
                arrangement_of(verdict, wanted.objects[0]) == wanted.arrangement,
            )
        )
    table = np.array(right)
    objects, background, arrangement = (float(share) for share in table.mean(0))
    return Quality(objects, background, arrangement, float(table.all(1).mean()), len(table))


def shows(verdict: Verdict, wanted: Combination) -> bool:
    """Whether the judge sees exactly these objects, arranged so, on this background."""
    seen = sorted(each.name for each in verdict.objects)
    if seen != sorted(wanted.objects) or verdict.background != wanted.background:
        return False
    return not seen or arrangement_of(verdict, wanted.objects[0]) == wanted.arrangement


def edge_agreement(found: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    """F-score, 0–1, of the edges found against those wanted, as in boundary benchmarks (Martin et al. 2004).

    Args:
        found: [height, width], True on an edge of the drawing.
        wanted: [height, width], True on an edge of the control picture.
    """
    near_found, near_wanted = _widened(found), _widened(wanted)
    if not found.any() or not wanted.any():
        return float(found.any() == wanted.any())
    precision = float((found & near_wanted).sum() / found.sum())
    recall = float((wanted & near_found).sum() / wanted.sum())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def edges_covered(found: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    """The share, 0–1, of the edges wanted that lie where edges were found; 1 if none are wanted.

    Args:
        found: [height, width], True on an edge of the drawing; it may have others.
        wanted: [height, width], True on an edge of the control picture.
    """
    return float(_widened(found)[wanted].mean()) if wanted.any() else 1.0


def silhouette(picture: UInt8Array) -> npt.NDArray[np.bool_]:
    """Where a scene or its drawing, [64, 64, 3] RGB 0–255, shows something else than the floor, [64, 64]."""
    shade = np.linspace(FAR_SHADE, 1, len(picture))[:, None, None]
    flat = picture / shade
    frame = np.ones(picture.shape[:2], np.bool_)
    frame[_FRAME:-_FRAME, _FRAME:-_FRAME] = False
    floor = np.median(flat[frame], axis=0) * shade
    return np.asarray(np.abs(picture - floor).max(axis=2) > _UNLIKE_FLOOR)


def overlap(found: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> float:
    """Intersection over union, 0–1, of two regions; 1 if both are empty."""
    union = int((found | wanted).sum())
    return float((found & wanted).sum() / union) if union else 1.0


def _widened(edges: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    size = 2 * EDGE_TOLERANCE + 1
    return np.asarray(cv2.dilate(edges.astype(np.uint8), np.ones((size, size), np.uint8)) > 0)
