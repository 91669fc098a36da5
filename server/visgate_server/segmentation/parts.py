"""What every finder of a picture's parts has in common: a map that numbers them; finds none itself.

A finder looks at all rows of a batch together (`see`). The map is left to the row's `SeenParts`, which is told what
the class map of that row says: one finder makes its parts of nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

PartMap = NDArray[np.int64]
"""[height, width]: the part that each pixel belongs to, from 1, the largest first; 0 where it belongs to none."""


class SeenParts(Protocol):
    """What a finder saw of one row."""

    def laid_out(self, classes: NDArray[np.int64], background: int | None) -> PartMap:
        """The picture's parts, each pixel in one at most.

        Args:
            classes: [height, width] of the picture, numbers of classes.
            background: the class that is no thing; None where every class is one.
        """
        ...


class PartFinder(Protocol):
    """One way to find the parts that a picture consists of."""

    def see(self, images: Sequence[Image]) -> Sequence[SeenParts]:
        """Looks at every row, UINT8 [height, width, 3]; what one shows does not matter to the others."""
        ...


def largest_first(parts: NDArray[np.int64]) -> PartMap:
    """A map with the parts numbered anew: the largest is 1, and every number up to the last occurs."""
    counts = np.bincount(parts.ravel())
    counts[0] = 0
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    numbers = np.zeros(len(counts), np.int64)
    numbers[order] = np.arange(1, len(order) + 1)
    return np.asarray(numbers[parts])
