"""Scales a picture for the text detector and maps its coordinates back; knows nothing about the detector's output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

STRIDE = 32
"""The detector halves a picture five times: its sides must be multiples of this, in pixels."""

SHORT_SIDE = 736
"""Pixels that a smaller picture's shorter side is enlarged to, as RapidOCR does: it makes small print legible."""

LONG_SIDE = 1984
"""Pixels that a longer side is shrunk to; RapidOCR's limit is 2000, this is the multiple of `STRIDE` below."""

LARGEST_ENLARGEMENT = 4.0
"""Nothing can be read that is not there after this, and a strip a few pixels high would become a wall of blur."""

MARGIN = 16
"""Pixels of border around the picture: the detector misses text that touches the edge of what it sees."""


@dataclass(frozen=True)
class DetectorInput:
    """A picture as the detector takes it.

    Attributes:
        image: UINT8 [height, width, 3], RGB, sides multiples of `STRIDE`; the picture lies `MARGIN` from its top left.
        scale: pixels of `image` for one pixel of the picture, across and down.
    """

    image: NDArray[np.uint8]
    scale: tuple[float, float]


def detector_input(picture: NDArray[np.uint8]) -> DetectorInput:
    """Scales a picture into the detector's range of sizes, keeping its proportions, and pads it.

    Args:
        picture: UINT8 [height, width, 3], RGB, of any size.
    """
    height, width, _ = picture.shape
    wanted = min(max(1.0, SHORT_SIDE / min(height, width)), LARGEST_ENLARGEMENT)
    factor = min(wanted, LONG_SIDE / max(height, width))
    new_width, new_height = max(1, round(width * factor)), max(1, round(height * factor))
    scaled = resized(picture, new_width, new_height)
    padded_width, padded_height = _padded(new_width), _padded(new_height)
    # The picture's own edge is continued: a frame of another colour would be an edge where the picture has none.
    image = np.pad(
        scaled,
        (
            (MARGIN, padded_height - new_height - MARGIN),
            (MARGIN, padded_width - new_width - MARGIN),
            (0, 0),
        ),
        mode="edge",
    )
    return DetectorInput(image, (new_width / width, new_height / height))


def _padded(side: int) -> int:
    return -(-(side + 2 * MARGIN) // STRIDE) * STRIDE
