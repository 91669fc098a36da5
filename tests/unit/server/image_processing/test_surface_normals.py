"""Normals from nearness: flat, tilted, far and of any size."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.surface_normals import surface_normals

FACING = [127, 127, 255]


def ramp(height: int, width: int) -> np.ndarray:
    return np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))


def test_what_is_equally_near_faces_the_viewer() -> None:
    normals = surface_normals(np.full((5, 7), 200, np.uint8))
    assert normals.shape == (5, 7, 3)
    assert (normals == FACING).all()


def test_a_slope_of_one_width_is_tilted_by_45_degrees() -> None:
    middle = surface_normals(ramp(65, 65), background=0.0)[32, 32].astype(float)
    # Nearer to the right is redder; a rise of 1 over one width, so x equals z.
    assert middle == pytest.approx([127.5 + 127.5 / 2**0.5, 127, 127.5 + 127.5 / 2**0.5], abs=2)
    downwards = surface_normals(ramp(65, 65).T, background=0.0)[32, 32].astype(float)
    assert downwards == pytest.approx(middle[[1, 0, 2]], abs=1)


def test_relief_makes_slopes_steeper() -> None:
    shallow, deep = (surface_normals(ramp(64, 64), background=0.0, relief=relief)[32, 32, 0] for relief in (0.5, 2.0))
    assert 127 < shallow < deep


def test_the_size_in_pixels_makes_no_difference() -> None:
    small, large = surface_normals(ramp(32, 32), background=0.0), surface_normals(ramp(256, 256), background=0.0)
    assert np.abs(small[16, 16].astype(int) - large[128, 128]).max() <= 2


def test_bytes_are_shares_of_white() -> None:
    floats = ramp(32, 32)
    of_bytes = surface_normals(np.rint(floats * 255).astype(np.uint8), background=0.0)
    assert np.abs(of_bytes[:, 2:-2].astype(int) - surface_normals(floats, background=0.0)[:, 2:-2]).max() <= 6


def test_what_is_far_is_flat_wherever_its_range_lies() -> None:
    normals = surface_normals(5 + 3 * ramp(64, 64), background=0.4)
    assert (normals[:, :25] == FACING).all()  # the lowest 40 % of the range
    assert (normals[:, 27:63, 0] > 200).all()
