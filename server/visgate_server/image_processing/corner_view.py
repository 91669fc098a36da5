"""Puts a picture into the upper left corner of a square and maps boxes between the two; knows nothing about networks.

It is how SAM and the DETR family look at pictures: undistorted, and told apart from what fills up the square, which in
`SquareView` lies on both sides and is black.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
"""float32 [count, 4]: x1, y1, x2, y2."""


@dataclass(frozen=True, eq=False)
class CornerView:
    """What a network sees of a picture.

    Attributes:
        image: UINT8 [side, side, 3]; of one grey right of the picture and below it.
        height: rows of `image` that the picture fills.
        width: columns of `image` that it fills.
        picture_height: of the picture itself, pixels.
        picture_width: of the picture itself, pixels.
    """

    image: Image
    height: int
    width: int
    picture_height: int
    picture_width: int

    @property
    def size(self) -> NDArray[np.int64]:
        """Rows and columns that the picture fills, as the networks take them."""
        return np.array([self.height, self.width], np.int64)

    def from_picture(self, boxes: Boxes) -> Boxes:
        """Boxes in pixels of the picture as boxes in pixels of `image`."""
        across, down = self.width / self.picture_width, self.height / self.picture_height
        mapped: Boxes = (boxes * np.array([across, down, across, down])).astype(np.float32)
        return mapped


def corner_view(picture: Image, side: int, *, filled_with: int = 0) -> CornerView:
    """The whole picture, its longer side as long as the square's.

    Args:
        picture: UINT8 [height, width, 3], of any size.
        side: of the square, in pixels.
        filled_with: what lies right of the picture and below it, 0–255.
    """
    picture_height, picture_width, _ = picture.shape
    factor = side / max(picture_height, picture_width)
    height, width = (max(1, int(length * factor + 0.5)) for length in (picture_height, picture_width))
    image = np.full((side, side, 3), filled_with, np.uint8)
    image[:height, :width] = resized(picture, width, height)
    return CornerView(image, height, width, picture_height, picture_width)
