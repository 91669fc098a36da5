"""How well estimate_depth and estimate_normals know how near things are in scenes whose depth is known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.dense_scenes import TrueScene, drawn_scenes, rendered_scenes
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.scenes import SIDE
from visgate_server.image_processing.surface_normals import surface_normals

NAME = "depth"
_CLOSE = "δ < 1.25, share of pixels"
_CLOSE_DRAWN = "the same of drawings, enlarged four times"
_SAME_WAY = "normals within 20° of the true depth's"
GOALS: Mapping[str, float] = MappingProxyType({_CLOSE: 0.90, _CLOSE_DRAWN: 0.90})

FARTHEST = 0.05
"""Nearness below this counts as this: depth is one over nearness."""
_RATIO = 1.25
_ANGLE = np.cos(np.radians(20))
_SEED = 30_001


def measure(scenes: int) -> list[Measured]:
    """δ < 1.25 (Eigen, Puhrsch and Fergus 2014) on renderings and drawings, and the directions of normals."""
    rendered = rendered_scenes(scenes, _SEED)
    drawn = drawn_scenes(rendered)
    return [
        mean_of("estimate_depth", _CLOSE, [_close_share(scene) for scene in rendered], GOALS),
        mean_of("estimate_depth", _CLOSE_DRAWN, [_close_share(scene) for scene in drawn], GOALS),
        mean_of("estimate_normals", _SAME_WAY, [_same_way_share(scene) for scene in rendered], GOALS),
    ]


def close_share(depth: NDArray[np.uint8], nearness: NDArray[np.float32]) -> float:
    """The share of pixels whose depth is within a quarter of the truth.

    Args:
        depth: UINT8 [height, width, 3], near is bright; it is compared at the truth's size.
        nearness: [64, 64], 0–1.
    """
    found = _at_scene_size(depth)[..., 0] / 255
    ratio = np.clip(found, FARTHEST, 1) / np.clip(nearness, FARTHEST, 1)
    return float(np.mean(np.maximum(ratio, 1 / ratio) < _RATIO))


def _close_share(scene: TrueScene) -> float:
    return close_share(ask("estimate_depth", image=scene.picture).pictures["DEPTH"], scene.nearness)


def _same_way_share(scene: TrueScene) -> float:
    found, true = (
        _directions(picture)
        for picture in (
            ask("estimate_normals", image=scene.picture).pictures["NORMALS"],
            surface_normals(scene.nearness),
        )
    )
    return float(np.mean((found * true).sum(axis=2) >= _ANGLE))


def _directions(picture: NDArray[np.uint8]) -> NDArray[Any]:
    vectors = _at_scene_size(picture).astype(np.float32) / 127.5 - 1
    return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True))


def _at_scene_size(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
