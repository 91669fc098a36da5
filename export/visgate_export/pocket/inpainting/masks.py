"""Masks such as the inpainting UNet is given: rough outlines of objects, boxes, halves, frames; knows no scenes."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]

_MOST_GROWN = 6
_LARGEST_SHARE = 0.75
"""Of a side of the picture, at most so much is drawn anew where a picture is extended."""


@dataclass(frozen=True)
class Box:
    """Pixels `left` to `right` and `top` to `bottom`, the latter of each not included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    def mask(self, side: int) -> BoolArray:
        """[side, side], True inside the box."""
        mask = np.zeros((side, side), np.bool_)
        mask[max(0, self.top) : max(0, self.bottom), max(0, self.left) : max(0, self.right)] = True
        return mask


def box_of(mask: BoolArray) -> Box:
    """The smallest box around a mask.

    Raises:
        ValueError: the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        raise ValueError("an empty mask has no box: pass one with True in it")
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def grown(mask: BoolArray, pixels: int) -> BoolArray:
    """The mask and everything within so many pixels of it."""
    if pixels < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def rough_outline(mask: BoolArray, random: np.random.Generator, least_grown: int = 1) -> BoolArray:
    """The mask as a network finds it: rounded, with dents and bulges, and then grown by up to six pixels."""
    field = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), float(random.uniform(0.6, 2.0)))
    waves = cv2.GaussianBlur(random.standard_normal(mask.shape).astype(np.float32), (0, 0), 3.0)
    bumps = waves / max(float(np.abs(waves).max()), 1e-6) * random.uniform(0, 0.3)
    found = np.asarray(field + bumps > 0.5) & grown(mask, 3)
    return grown(found if found.any() else mask, int(random.integers(least_grown, _MOST_GROWN + 1)))


def square_around(box: Box, random: np.random.Generator) -> Box:
    """A square with the box in its middle, up to five pixels wider on each side; it may reach over the picture."""
    half = max(box.width, box.height) / 2 + float(random.uniform(0, 5))
    across, down = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    across, down = across + float(random.uniform(-1, 1)), down + float(random.uniform(-1, 1))
    return Box(round(across - half), round(down - half), round(across + half), round(down + half))


def box_around(box: Box, random: np.random.Generator) -> Box:
    """The box, up to five pixels wider on each side."""
    left, top, right, bottom = (int(more) for more in random.integers(0, 6, 4))
    return Box(box.left - left, box.top - top, box.right + right, box.bottom + bottom)


def random_shape(side: int, random: np.random.Generator) -> BoolArray:
    """[side, side]: a rectangle, one side of the picture, or all of it but a rectangle, as where it is extended."""
    kind = random.random()
    if kind < 0.3:
        width, height = (int(size) for size in random.integers(side // 4, side * 3 // 4, 2))
        left, top = int(random.integers(0, side - width)), int(random.integers(0, side - height))
        return Box(left, top, left + width, top + height).mask(side)
    if kind < 0.75:
        mask = np.zeros((side, side), np.bool_)
        mask[:, : int(side * random.uniform(0.2, _LARGEST_SHARE))] = True
        return np.rot90(mask, int(random.integers(4))).copy()
    left, top, right, bottom = (int(side * share) for share in random.uniform(0, _LARGEST_SHARE / 2, 4))
    return ~Box(left, top, side - right, side - bottom).mask(side)
