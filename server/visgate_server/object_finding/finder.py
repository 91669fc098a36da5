"""What every finder of objects has in common: a row on its way, and what is seen of it; finds nothing itself.

A finder looks at all rows of a batch together (`see`). What is left to do for a row alone, such as cleaning its mask,
it leaves to the row's `Sighting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visgate_server.object_finding.found_object import FoundObject
from visgate_server.object_finding.spoken_object import SpokenObject

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Look:
    """A row on its way.

    Attributes:
        image: UINT8 [height, width, 3].
        spoken: what is looked for in it.
    """

    image: Image
    spoken: SpokenObject


class Sighting(Protocol):
    """What a finder's networks said of one row."""

    def found(self, look: Look) -> FoundObject:
        """The object with its mask, in the picture's size; the look is the one that was seen."""
        ...


class Finder(Protocol):
    """One way to find what words name."""

    @property
    def drawn_only(self) -> bool:
        """Whether it knows drawn scenes alone, so that photos go another way."""
        ...

    def see(self, looks: Sequence[Look]) -> Sequence[Sighting]:
        """Runs the networks on every row together; one sighting a row, in order.

        Raises:
            ModelFaultError: another model that it asks failed.
        """
        ...
