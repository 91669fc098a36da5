"""What drawings are compared by: edges that lie along others, and what stands out from the floor."""

from itertools import islice

import numpy as np
import pytest

from visgate_export.pocket.quality import edges_covered, overlap, silhouette
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites


def column(number: int) -> np.ndarray:
    line = np.zeros((16, 16), np.bool_)
    line[:, number] = True
    return line


def test_edges_are_covered_by_those_beside_them_whatever_else_was_found() -> None:
    assert edges_covered(column(4) | column(12), column(5)) == 1
    assert edges_covered(column(4), column(5) | column(10)) == 0.5
    assert edges_covered(column(4), column(6)) == 0
    assert edges_covered(column(4), np.zeros((16, 16), np.bool_)) == 1


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(column(1) | column(2), column(2) | column(3)) == pytest.approx(1 / 3)
    nothing = np.zeros((16, 16), np.bool_)
    assert (overlap(nothing, nothing), overlap(nothing, column(1))) == (1, 0)


def test_a_silhouette_is_where_objects_are() -> None:
    renderer = SceneRenderer(read_sprites())
    agreements = [
        overlap(silhouette(renderer.picture(scene)), renderer.render(scene).masks.any(axis=0))
        for scene in islice(scenes(8), 30)
    ]
    assert np.median(agreements) > 0.8


def test_the_floor_alone_has_no_silhouette_though_it_darkens() -> None:
    shade = np.linspace(0.78, 1, 64)[:, None, None]
    floor = (shade * np.array([214, 60, 56])).repeat(64, axis=1).astype(np.uint8)
    assert not silhouette(floor).any()
    floor[20:30, 20:30] = 255
    floor[2:6, 40:44, 0] += 36  # still darker than the floor is nearer by
    assert silhouette(floor).sum() == 100 + 16
