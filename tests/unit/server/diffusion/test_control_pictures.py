"""Control pictures keep what their ControlNet looks for when they are made to fit."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.diffusion.control_pictures import CONTROL_FITS, fit_control_picture
from visgate_server.diffusion.draw_request import UInt8Array


def black(height: int, width: int) -> UInt8Array:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("kind", CONTROL_FITS)
@pytest.mark.parametrize("size", [(64, 64), (512, 300), (40, 200), (1, 1)])
def test_every_kind_fits_any_picture(kind: str, size: tuple[int, int]) -> None:
    fitted = fit_control_picture(kind, black(*size) + np.uint8(90), 128, 64)
    assert fitted.shape == (64, 128, 3)
    assert fitted.dtype == np.uint8
    assert fitted.flags.c_contiguous


def test_the_eight_kinds_of_the_design_are_known() -> None:
    assert set(CONTROL_FITS) == {"edges", "lines", "soft_edges", "sketch", "pose", "segmentation", "depth", "normals"}


@pytest.mark.parametrize("kind", ["edges", "lines", "sketch"])
@pytest.mark.parametrize("shrinking", [1, 2, 3.5, 8])
def test_a_line_of_one_pixel_survives_whole_and_stays_a_line(kind: str, shrinking: float) -> None:
    side = round(64 * shrinking)
    picture = black(side, side)
    picture[side // 2 + 1] = 255
    picture[np.arange(side), np.arange(side)] = 255
    fitted = fit_control_picture(kind, picture, 64, 64)
    assert set(np.unique(fitted)) == {0, 255}
    white = fitted[..., 0] == 255
    assert white[round((side // 2 + 1) // shrinking)].all()
    assert white.any(axis=0).all()
    assert white.diagonal().mean() > 0.95
    assert 120 <= white.sum() <= 64 * 5


def test_depth_is_averaged_and_not_thresholded() -> None:
    picture = black(256, 256)
    picture[:, ::2] = 200
    assert np.unique(fit_control_picture("depth", picture, 64, 64)).tolist() == [100]


def test_colours_of_a_segmentation_are_never_mixed() -> None:
    picture = black(100, 100)
    picture[:, :47] = [10, 200, 30]
    picture[:, 47:] = [250, 0, 90]
    colours = np.unique(fit_control_picture("segmentation", picture, 64, 64).reshape(-1, 3), axis=0)
    assert colours.tolist() == [[10, 200, 30], [250, 0, 90]]


@pytest.mark.parametrize("kind", ["edges", "lines", "sketch"])
def test_a_grey_ground_and_lone_pixels_are_no_lines(kind: str) -> None:
    picture = black(512, 512) + np.uint8(100)
    picture[100::40, 100::40] = 255
    assert not fit_control_picture(kind, picture, 64, 64).any()
