"""Composes scenes: which objects stand where on which background; neither words nor pictures.

What a scene shows is a `Combination`. One in ten combinations is held out: it is chosen by a hash of what it
shows, so every program agrees, and no network is ever trained on a scene that shows it.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES

SIDE = 64
"""Width and height of a scene in pixels."""

PLACES = ("centre", "left", "right", "top", "bottom")
"""Where a single object may stand."""
RELATIONS = ("left of", "above")
"""How the first of two objects stands to the second; the reverse is the same scene named from the other side."""
ARRANGEMENTS = (*PLACES, *RELATIONS)

_HELD_OUT_SHARE = 10  # one in so many


@dataclass(frozen=True)
class Combination:
    """What a scene shows, without exact positions."""

    objects: tuple[str, ...]
    """One or two object names; of two, the one on the left or above comes first."""
    arrangement: str
    """One of `PLACES` for one object, of `RELATIONS` for two."""
    background: str
    """A key of `COLOURS`."""

    @property
    def held_out(self) -> bool:
        """Whether this combination is kept from all training."""
        key = "|".join((*self.objects, self.arrangement, self.background))
        return zlib.crc32(key.encode()) % _HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class PlacedObject:
    """One object and the square that its picture fills, in pixels of the scene."""

    name: str
    left: int
    top: int
    side: int


@dataclass(frozen=True)
class Scene:
    """A combination with exact positions, sizes and background shade."""

    combination: Combination
    objects: tuple[PlacedObject, ...]
    """In the order of `combination.objects`; where they overlap, the one whose foot is lower covers the other."""
    background_rgb: tuple[int, int, int]
    """0–255, at the lower edge."""


def sample_combination(random: np.random.Generator, *, held_out: bool = False, pairs: float = 0.7) -> Combination:
    """Draws a combination from those that are held out, or from those that are not.

    Args:
        random: where chance comes from.
        held_out: which of the two sets to draw from.
        pairs: share of combinations with two objects, 0–1.
    """
    while True:
        background = str(random.choice(tuple(COLOURS)))
        if random.random() < pairs:
            names = tuple(str(name) for name in random.choice(OBJECT_NAMES, size=2, replace=False))
            arrangement = str(random.choice(RELATIONS))
        else:
            names = (str(random.choice(OBJECT_NAMES)),)
            arrangement = "centre" if random.random() < 0.5 else str(random.choice(PLACES[1:]))
        combination = Combination(names, arrangement, background)
        if combination.held_out == held_out:
            return combination


def place(combination: Combination, random: np.random.Generator) -> Scene:
    """Chooses exact positions, sizes and shade for a combination."""
    if len(combination.objects) == 1:
        centred = combination.arrangement == "centre"
        side = int(random.integers(34, 47) if centred else random.integers(26, 33))
        across, down = _SINGLE_CENTRES[combination.arrangement]
        placed: tuple[PlacedObject, ...] = (
            _placed(combination.objects[0], across, down, side, random, jitter=4 if centred else 3),
        )
    else:
        first, second = _PAIR_CENTRES[combination.arrangement]
        placed = tuple(
            _placed(name, *centre, int(random.integers(24, 31)), random, jitter=3)
            for name, centre in zip(combination.objects, (first, second), strict=True)
        )
    shade = np.clip(np.array(COLOURS[combination.background]) + random.integers(-10, 11, size=3), 0, 255)
    return Scene(combination, placed, (int(shade[0]), int(shade[1]), int(shade[2])))


def scenes(seed: int, *, held_out: bool = False, pairs: float = 0.7) -> Iterator[Scene]:
    """Draws scenes for ever; the same seed gives the same scenes."""
    random = np.random.default_rng(seed)
    while True:
        yield place(sample_combination(random, held_out=held_out, pairs=pairs), random)


_SINGLE_CENTRES = {
    "centre": (32, 32),
    "left": (17, 32),
    "right": (47, 32),
    "top": (32, 17),
    "bottom": (32, 47),
}
_PAIR_CENTRES = {"left of": ((16, 33), (48, 33)), "above": ((32, 16), (32, 48))}


def _placed(name: str, across: int, down: int, side: int, random: np.random.Generator, *, jitter: int) -> PlacedObject:
    offset = random.integers(-jitter, jitter + 1, size=2)
    left, top = across + int(offset[0]) - side // 2, down + int(offset[1]) - side // 2
    return PlacedObject(name, max(0, min(left, SIDE - side)), max(0, min(top, SIDE - side)), side)
