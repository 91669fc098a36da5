"""Says in English where things are in a picture; knows nothing about what they are."""

from __future__ import annotations

from collections.abc import Sequence


def box_in_words(box: Sequence[int]) -> str:
    """A box x1, y1, x2, y2 as it is said in an answer: "from (10, 20) to (30, 40)"."""
    left, top, right, bottom = box
    return f"from ({left}, {top}) to ({right}, {bottom})"


def some_of(places: Sequence[str], most: int) -> str:
    """The first places, and how many there are beside: "a cat …; a dog …; 3 more in the data"."""
    rest = len(places) - most
    return "; ".join([*places[:most], *([f"{rest} more in the data"] if rest > 0 else [])])
