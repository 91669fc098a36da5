"""Measures what each class of a class map covers, and paints a map; knows nothing about networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.labels import fitting_label
from visgate_server.drawing.strokes import Colour, strokes_for

TINT_STRENGTH = 0.5
"""Share of the colour in a tinted pixel."""


@dataclass(frozen=True)
class Region:
    """Everything of one class, or one part.

    Attributes:
        label: the class's name; None where a part is of none.
        share: of the picture, 0–1.
        box: x1, y1, x2, y2 in pixels around all of it, the right and lower side not included.
        colour: RGB 0–255.
    """

    label: str | None
    share: float
    box: tuple[int, int, int, int]
    colour: Colour


def regions_of(
    classes: NDArray[np.int64], names: Sequence[str], colours: Sequence[Colour], without: int | None = None
) -> list[Region]:
    """The classes of a map, [height, width], those that cover most first; `without` leaves a class out."""
    counts = np.bincount(classes.ravel(), minlength=len(names))
    found = []
    for number in np.flatnonzero(counts).tolist():
        if number != without:
            x, y, width, height = cv2.boundingRect((classes == number).astype(np.uint8))
            box = (x, y, x + width, y + height)
            found.append(Region(names[number], float(counts[number]) / classes.size, box, colours[number]))
    return sorted(found, key=lambda region: -region.share)


def colour_map(classes: NDArray[np.int64], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """A map [height, width] as a picture [height, width, 3] in the colours of its numbers."""
    return np.asarray(np.array(colours, np.uint8)[classes])


def tinted(
    image: NDArray[np.uint8], painted: NDArray[np.uint8], covered: NDArray[np.bool_], regions: Sequence[Region]
) -> NDArray[np.uint8]:
    """A copy of the picture in its classes' colours, with their names where they can be read.

    Args:
        image: UINT8 [height, width, 3].
        painted: the colour map, of the same size.
        covered: [height, width], the pixels to tint.
        regions: those to name, if they have a name.
    """
    blended = cv2.addWeighted(image, 1 - TINT_STRENGTH, painted, TINT_STRENGTH, 0)
    canvas = np.where(covered[..., None], blended, image)
    height, width, _ = canvas.shape
    letters = strokes_for(height, width).letters
    for region in regions:
        if region.label is None:
            continue
        x1, y1, x2, y2 = region.box
        label = fitting_label(region.label.encode("ascii", "replace").decode(), letters, x2 - x1, y2 - y1)
        if label is not None:
            label.draw(canvas, (x1 + x2 - label.width) // 2, (y1 + y2 - label.height) // 2, region.colour)
    return canvas
