"""The classes that pocket scenes are segmented into, and a colour for each; knows nothing about networks.

The colours are PASCAL VOC's (Everingham et al. 2010, `VOClabelcolormap` of the development kit): bit 0, 3 and 6 of a
class's number become the highest bits of red, bit 1, 4 and 7 those of green, bit 2, 5 and 8 those of blue, so that
neighbouring numbers differ much.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from visgate_export.pocket.objects import OBJECT_NAMES

BACKGROUND = "background"
CLASS_NAMES: tuple[str, ...] = (BACKGROUND, *OBJECT_NAMES)
"""A class's number is its place here; 0 is what no object covers."""

_BITS = 8


def voc_colour(number: int) -> tuple[int, int, int]:
    """PASCAL VOC's colour of a class, RGB 0–255; black for 0."""
    red = green = blue = 0
    for place in range(_BITS):
        bits = number >> (3 * place)
        red |= (bits & 1) << (_BITS - 1 - place)
        green |= (bits >> 1 & 1) << (_BITS - 1 - place)
        blue |= (bits >> 2 & 1) << (_BITS - 1 - place)
    return red, green, blue


CLASS_COLOURS: tuple[tuple[int, int, int], ...] = tuple(voc_colour(number) for number in range(len(CLASS_NAMES)))
"""RGB 0–255, in the order of `CLASS_NAMES`."""


def class_number(name: str) -> int:
    """The number of a class.

    Raises:
        ValueError: no class has this name.
    """
    return CLASS_NAMES.index(name)


def class_map(names: Iterable[str], masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The number of each pixel's class, [height, width].

    Args:
        names: of objects.
        masks: [objects, height, width] where each of them is what one sees.
    """
    classes = np.zeros(masks.shape[1:], np.uint8)
    for name, mask in zip(names, masks, strict=True):
        classes[mask] = class_number(name)
    return classes


def coloured(classes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A map of class numbers [height, width] as a picture [height, width, 3], RGB 0–255."""
    return np.asarray(np.array(CLASS_COLOURS, np.uint8)[classes])
