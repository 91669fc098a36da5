"""estimate_depth and estimate_normals with their real network."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from served_models import ask, photo

from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.depth_settings import read_settings
from visgate_server.errors import NetworkError

FACING = (127, 127, 255)


def test_depth_is_grey_and_near_is_bright() -> None:
    renderer = SceneRenderer(read_sprites())
    for scene in islice(scenes(62, held_out=True), 4):
        rendering = renderer.render(scene)
        reply = ask("depth_estimation", rendering.picture, operation="depth")
        depth = reply.pictures["DEPTH"]
        assert (depth == depth[..., :1]).all()
        assert np.corrcoef(depth[..., 0].ravel(), rendering.nearness.ravel())[0, 1] > 0.9
        column, row = reply.data["nearest"]
        assert depth[row, column, 0] >= np.quantile(depth, 0.98)
        column, row = reply.data["farthest"]
        assert depth[row, column, 0] <= np.quantile(depth, 0.05)


def test_a_black_depth_is_no_division_by_zero() -> None:
    reply = ask("depth_estimation", np.zeros((20, 30, 3), np.uint8), operation="depth")
    assert reply.pictures["DEPTH"].shape == (20, 30, 3)


def test_the_background_of_normals_is_flat_and_the_object_is_not() -> None:
    renderer = SceneRenderer(read_sprites())
    scene = next(scene for scene in scenes(63, pairs=0) if scene.combination.arrangement == "bottom")
    rendering = renderer.render(scene)
    normals = ask("depth_estimation", rendering.picture, operation="normals").pictures["NORMALS"].astype(int)
    tilt = np.abs(normals - FACING).max(axis=2)
    assert np.median(tilt[:16]) <= 2  # the far floor
    assert np.median(tilt[rendering.masks[0]]) > 10


def test_background_decides_what_is_flat() -> None:
    picture = next(iter(SceneRenderer(read_sprites()).picture(scene) for scene in scenes(64)))
    none, all_ = (
        ask("depth_estimation", picture, operation="normals", background=background).data["flat_share"]
        for background in (0.0, 1.0)
    )
    assert none < 0.5
    assert all_ > 0.9  # the nearest pixels alone are left, and their neighbours


def test_a_photo_is_answered_in_its_own_size() -> None:
    image = photo("chelsea")
    for operation, name in (("depth", "DEPTH"), ("normals", "NORMALS")):
        assert ask("depth_estimation", image, operation=operation).pictures[name].shape == image.shape


def test_missing_settings_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="make models"):
        read_settings(tmp_path / "depth.json")
