"""A square view shows the right part of a picture, and its coordinates go back to where they came from."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.square_view import letterbox, square_view

SIZES = [(300, 451), (451, 300), (64, 64), (1, 1), (3, 2000), (2000, 3), (4000, 1000)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_points_go_there_and_back(height: int, width: int) -> None:
    view = letterbox(np.zeros((height, width, 3), np.uint8), 256)
    points = np.random.default_rng(0).uniform(0, [width, height], (50, 2)).astype(np.float32)
    np.testing.assert_allclose(
        view.to_picture(view.from_picture(points)), points, atol=1e-3 * max(height, width) + 1e-3
    )


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_picture_lies_in_the_middle_and_the_rest_is_black(height: int, width: int) -> None:
    view = letterbox(np.full((height, width, 3), 200, np.uint8), 256)
    assert view.image.shape == (256, 256, 3)
    corners = view.from_picture(np.array([[0, 0], [width, height]], np.float32))
    (left, top), (right, bottom) = np.rint(corners).astype(int).tolist()
    assert abs(left - (256 - right)) <= 1
    assert abs(top - (256 - bottom)) <= 1
    assert max(right - left, bottom - top) == 256
    inside = np.zeros((256, 256), bool)
    inside[top:bottom, left:right] = True
    assert (view.image[inside] == 200).all()
    assert (view.image[~inside] == 0).all()


def test_a_dot_is_found_where_it_was_put() -> None:
    picture = np.zeros((400, 600, 3), np.uint8)
    picture[96:104, 446:454] = 255
    for view in (letterbox(picture, 256), square_view(picture, (430, 120), 180, 256)):
        rows, columns = np.nonzero(view.image[..., 0] > 127)
        middle = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]], np.float32)
        np.testing.assert_allclose(view.to_picture(middle), [[450, 100]], atol=1.5)


def test_a_part_that_reaches_over_the_edge_is_black_there() -> None:
    picture = np.full((100, 100, 3), 255, np.uint8)
    view = square_view(picture, (0, 0), 100, 64)
    assert (view.image[:31, :31] == 0).all()
    assert (view.image[33:, 33:] == 255).all()
    np.testing.assert_allclose(view.to_picture(np.array([[32, 32]], np.float32)), [[0, 0]], atol=1)


def test_a_part_smaller_than_a_pixel_still_is_a_view() -> None:
    picture = np.full((5, 5, 3), 9, np.uint8)
    assert (square_view(picture, (4, 4), 0.0, 32).image.max(axis=(0, 1)) == 9).all()
