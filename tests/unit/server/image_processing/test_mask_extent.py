"""A mask covers the pixels that are more than half opaque, and its box ends where they do."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.image_processing.mask_extent import box_around, covered_share


def test_pixels_count_from_half_on() -> None:
    mask = np.zeros((10, 20), np.uint8)
    mask[2:5, 6:9] = 128
    mask[7:, :] = 127
    assert covered_share(mask) == pytest.approx(9 / 200)
    assert box_around(mask) == [6, 2, 9, 5]


def test_a_mask_of_nothing_has_no_box() -> None:
    assert box_around(np.full((4, 4), 100, np.uint8)) is None
