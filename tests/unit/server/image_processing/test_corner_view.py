"""A picture lies undistorted in the square's upper left corner, and what fills the square up is told apart from it."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.corner_view import corner_view


def test_what_lies_beside_the_picture_is_of_one_grey() -> None:
    view = corner_view(np.full((20, 40, 3), 200, np.uint8), 80, filled_with=128)
    assert view.size.tolist() == [40, 80]
    assert (view.image[:40] == 200).all()
    assert (view.image[40:] == 128).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_a_strip_keeps_a_row_or_column(size: tuple[int, int]) -> None:
    view = corner_view(np.full((*size, 3), 200, np.uint8), 64)
    assert max(view.height, view.width) == 64
    assert min(view.height, view.width) >= 1
    assert (view.image[: view.height, : view.width] == 200).all()


def test_boxes_are_scaled_with_the_picture() -> None:
    view = corner_view(np.zeros((100, 200, 3), np.uint8), 50)
    np.testing.assert_allclose(view.from_picture(np.array([[20, 40, 200, 100]], np.float32)), [[5, 10, 50, 25]])
