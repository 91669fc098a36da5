"""estimate_depth and estimate_normals agree with the true depth of held-out scenes."""

from __future__ import annotations

from itertools import islice

import numpy as np

from visgate_client import VisionClient
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.image_processing.surface_normals import surface_normals

FARTHEST = 0.05
"""Depth is one over nearness, which is cut off here."""


def test_depth_is_within_a_quarter_of_the_truth(client: VisionClient) -> None:
    renderer = SceneRenderer(read_sprites())
    close, same_way = [], []
    for scene in islice(scenes(82, held_out=True), 16):
        rendering = renderer.render(scene)
        depth = client.call("estimate_depth", image=rendering.picture).arrays["depth"][..., 0] / 255
        ratio = np.clip(depth, FARTHEST, 1) / np.clip(rendering.nearness, FARTHEST, 1)
        close.append(np.mean(np.maximum(ratio, 1 / ratio) < 1.25))
        normals = client.call("estimate_normals", image=rendering.picture).arrays["normals"].astype(float)
        true = surface_normals(rendering.nearness).astype(float)
        same_way.append(np.mean(np.abs(normals - true).max(axis=2) < 40))
    assert np.mean(close) >= 0.9
    assert np.mean(same_way) >= 0.7
