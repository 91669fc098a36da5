"""What every finder of poses has in common: a person's joints, and what is found in a picture; finds nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Pose:
    """One person's joints, in the order of their finder's `keypoints`.

    Attributes:
        places: float32 [joints, 2], x and y in pixels of the picture; of no meaning where the joint was not found.
        scores: float32 [joints], 0–1; negative where the joint was not found.
        score: how sure it is that this is a person, 0–1.
    """

    places: NDArray[np.float32]
    scores: NDArray[np.float32]
    score: float


@dataclass(frozen=True, eq=False)
class FoundPoses:
    """The people of a picture.

    Attributes:
        people: the surest first; empty where nobody was found.
        score: of the surest; where nobody was found, how close anything came, 0–1.
    """

    people: tuple[Pose, ...]
    score: float


class PoseFinder(Protocol):
    """One way to find people's joints."""

    @property
    def keypoints(self) -> tuple[str, ...]:
        """The joints that it looks for; left and right are the person's."""
        ...

    @property
    def needed(self) -> float:
        """The score from which there is a person, 0–1."""
        ...

    def find(self, pictures: Sequence[Image]) -> list[FoundPoses]:
        """The people of each picture, UINT8 [height, width, 3]."""
        ...
