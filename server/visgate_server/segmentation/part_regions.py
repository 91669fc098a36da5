"""Measures and names the parts of a map; knows nothing about networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.strokes import Colour
from visgate_server.segmentation.labels import SegmentationLabels
from visgate_server.segmentation.parts import PartMap
from visgate_server.segmentation.regions import Region


def part_regions(
    parts: PartMap, classes: NDArray[np.int64], known: SegmentationLabels, colours: Sequence[Colour]
) -> list[Region]:
    """Each part of a map, in the order of their numbers.

    Args:
        parts: the map; every number from 1 to its largest occurs.
        classes: [height, width], numbers of the known classes. A part is named after the one that most of it is, and
            has no name where that is the background.
        known: the classes.
        colours: of the parts, that of part 1 first.
    """
    count, kinds = len(colours) + 1, len(known.names)
    shared = np.bincount((parts * kinds + classes).ravel(), minlength=count * kinds).reshape(count, kinds)
    (left, right), (top, bottom) = _extent(parts.T, count), _extent(parts, count)
    found = []
    for number in range(1, count):
        kind = int(shared[number].argmax())
        label = None if kind == known.background else known.names[kind]
        box = (int(left[number]), int(top[number]), int(right[number]), int(bottom[number]))
        found.append(Region(label, float(shared[number].sum()) / parts.size, box, colours[number - 1]))
    return found


def _extent(parts: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row that each number has a pixel in, and the one after the last; all numbers in one go."""
    rows = len(parts)
    places = parts * rows + np.arange(rows)[:, None]
    occurs = np.bincount(places.ravel(), minlength=count * rows).reshape(count, rows) > 0
    return occurs.argmax(axis=1), rows - occurs[:, ::-1].argmax(axis=1)
