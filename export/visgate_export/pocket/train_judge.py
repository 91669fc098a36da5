"""Trains the judge on real renderings and measures it on held-out ones; it never sees a drawing."""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from visgate_export.pocket.judge import CELL, Judge
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.quality import Task, judge_drawings
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_export.pocket.training import Schedule, TrainingRun

SCHEDULE = Schedule(steps=1_500, batch=64, learning_rate=2e-3)
_HELD_OUT_SCENES = 2000
_CELLS = SIDE // CELL


def train_judge(schedule: Schedule = SCHEDULE) -> None:
    """Trains, measures, and saves weights and metrics."""
    run = TrainingRun("judge", schedule)
    judge, renderer = Judge(), SceneRenderer(read_sprites())
    source, random = scenes(schedule.seed + 31), np.random.default_rng(schedule.seed)

    def loss(step: int) -> torch.Tensor:
        batch = [next(source) for _ in range(schedule.batch)]
        pictures = to_tensor([_roughened(renderer.picture(scene), random) for scene in batch])
        with torch.autocast("cpu", torch.bfloat16):
            centres, backgrounds = judge(pictures)
        colours = torch.tensor([list(COLOURS).index(scene.combination.background) for scene in batch])
        return _centre_loss(centres.float(), _centre_maps(batch)) + functional.cross_entropy(
            backgrounds.float(), colours
        )

    run.train(list(judge.parameters()), loss, judge.state_dict)
    judge.eval()
    run.record(measure(judge))


def measure(judge: Judge, count: int = _HELD_OUT_SCENES, seed: int = 32) -> dict[str, float]:
    """The shares of held-out real scenes whose objects, background, arrangement, and all three, are seen right."""
    renderer, source = SceneRenderer(read_sprites()), scenes(seed, held_out=True)
    held_out = [next(source) for _ in range(count)]
    pictures = np.stack([renderer.picture(scene) for scene in held_out])
    quality = judge_drawings(judge, [Task("", scene.combination) for scene in held_out], pictures)
    shares = ("objects", "background", "arrangement", "all")
    return {share: round(getattr(quality, share), 4) for share in shares}


def _roughened(picture: npt.NDArray[np.uint8], random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Sometimes a softer or noisier copy."""
    if random.random() < 0.6:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.3, 1.1))), np.uint8)
    if random.random() < 0.6:
        noisy = picture + random.normal(0, random.uniform(1, 10), picture.shape)
        picture = np.clip(noisy, 0, 255).astype(np.uint8)
    return picture


def _centre_maps(batch: list[Scene]) -> torch.Tensor:
    """[N, objects, 16, 16]: 1 where an object's centre is, falling off like a bell around it."""
    maps = np.zeros((len(batch), len(OBJECT_NAMES), _CELLS, _CELLS), np.float32)
    rows, columns = np.mgrid[:_CELLS, :_CELLS]
    for index, scene in enumerate(batch):
        for placed in scene.objects:
            row, column = (int((start + placed.side / 2) / CELL) for start in (placed.top, placed.left))
            row, column = min(row, _CELLS - 1), min(column, _CELLS - 1)
            bell = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 1.5)
            layer = maps[index, OBJECT_NAMES.index(placed.name)]
            np.maximum(layer, bell, out=layer)
    return torch.from_numpy(maps)


def _centre_loss(logits: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """The focal loss of CenterNet (Zhou et al. 2019, equation 1): exponents 2 and 4, per object."""
    scores = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    at_centre = maps == 1
    positive = ((1 - scores) ** 2 * scores.log())[at_centre].sum()
    negative = ((1 - maps) ** 4 * scores**2 * (1 - scores).log())[~at_centre].sum()
    return -(positive + negative) / at_centre.sum()


if __name__ == "__main__":
    train_judge()
