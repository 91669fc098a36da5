"""Places in a sentence: corners in order, and how many were left out."""

from __future__ import annotations

import pytest

from visgate_server.spoken_places import box_in_words, some_of


def test_a_box_is_said_by_its_corners() -> None:
    assert box_in_words([1, 2, 30, 40]) == "from (1, 2) to (30, 40)"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "place 0"), (2, "place 0; place 1"), (5, "place 0; place 1; 3 more in the data")],
)
def test_what_is_left_out_is_counted(count: int, said: str) -> None:
    assert some_of([f"place {number}" for number in range(count)], 2) == said
