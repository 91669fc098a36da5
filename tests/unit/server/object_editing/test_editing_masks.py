"""What is drawn anew holds the object and its rim, and no more of the picture than that."""

from __future__ import annotations

import numpy as np
import pytest

from visgate_server.object_editing.editing_masks import removing_mask, replacing_mask

DISC = np.hypot(*np.mgrid[-80:120, -100:200]) < 30
"""An object of 59 × 59 pixels in a picture of 300 × 200, whose margin is ten pixels."""


def test_a_removed_object_goes_with_its_rim() -> None:
    mask = removing_mask(DISC)
    distance = np.hypot(*np.mgrid[-80:120, -100:200])
    assert mask[distance < 39].all()
    assert not mask[distance > 42].any()


def test_a_replaced_object_leaves_a_square() -> None:
    found = DISC.copy()
    found[85:] = False  # half of the disc: wider than high
    mask = replacing_mask(found)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert rows.size == columns.size == 79
    assert (columns[0], columns[-1]) == (61, 139)
    assert abs((rows[0] + rows[-1]) / 2 - (51 + 84) / 2) <= 1


@pytest.mark.parametrize("make", [removing_mask, replacing_mask])
def test_an_object_at_the_edge_is_covered(make) -> None:
    found = np.zeros((64, 64), np.bool_)
    found[40:, :20] = True
    mask = make(found)
    assert mask[found].all()
    assert mask[38, 5]
    assert mask[50, 22]
    assert not mask[:30].any()
