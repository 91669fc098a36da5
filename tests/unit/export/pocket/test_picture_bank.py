"""The pictures that the depth and segmentation networks learn from, beside what is true about them."""

from __future__ import annotations

from itertools import islice

import numpy as np
import torch

from visgate_export.pocket.dense.picture_bank import fill_bank, sample_of
from visgate_export.pocket.palette import CLASS_NAMES
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites


def test_each_pixel_has_the_class_of_the_object_seen_there() -> None:
    renderer = SceneRenderer(read_sprites())
    for scene in islice(scenes(3), 20):
        rendering = renderer.render(scene)
        classes = sample_of(scene, rendering).classes
        for placed, mask in zip(scene.objects, rendering.masks, strict=True):
            assert (classes[mask] == CLASS_NAMES.index(placed.name)).all()
        assert (classes > 0).sum() == rendering.masks.sum()


def test_a_bank_keeps_picture_and_truth_together() -> None:
    bank = fill_bank(40, seed=4)
    assert bank.pictures.shape == (40, 3, 64, 64)
    pictures, chosen = next(bank.batches(16, seed=1))
    assert pictures.shape == (16, 3, 128, 128)
    assert float(pictures.abs().max()) <= 1
    # However roughened, the picture that comes with a number is that number's.
    small = torch.nn.functional.avg_pool2d(pictures, 2) * 127.5 + 127.5
    distance = (small[:, None] - bank.pictures[None].float()).abs().mean((2, 3, 4))
    assert (distance.argmin(1) == chosen).all() or float(distance[torch.arange(16), chosen].max()) < 12
    # Where a class changes, so does the picture: truth and picture are of one scene, widened ones too.
    edges = np.stack([np.abs(np.diff(classes.numpy().astype(int), axis=1)) > 0 for classes in bank.classes])
    contrast = np.abs(np.diff(bank.pictures.numpy().astype(int), axis=3)).sum(axis=1)
    assert contrast[edges].mean() > 3 * contrast[~edges].mean()
