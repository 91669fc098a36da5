"""Cuts lines of text out of a picture and sets them straight at the networks' height; knows nothing about letters."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized
from visgate_server.text_reading.text_regions import TextLine

LINE_HEIGHT = 48
"""Rows of a line for the recogniser and the orientation network, pixels."""

ORIENTATION_WIDTH = 192
"""Columns of a line for the orientation network, pixels."""

WIDTH_STEP = 160
NARROWEST = 320
WIDEST = 3200
"""Lines are padded to widths from `NARROWEST` in steps of `WIDTH_STEP`, so that lines of about one length share a run
and a line's width never depends on what it is read with. A longer line is squeezed to `WIDEST`."""

PADDING = 127
"""The grey that the recogniser's normalisation makes nothing of: zero after (x / 255 − 0.5) / 0.5."""

FINEST_SAMPLING = 4
"""Columns and rows at which a line is sampled at most, as a multiple of what the networks see of it."""

LineImage = NDArray[np.uint8]
"""A line of text, UINT8 [LINE_HEIGHT, width, 3], RGB."""


def cut_line(picture: NDArray[np.uint8], line: TextLine) -> LineImage:
    """A line of text, straight and upright, as wide as its proportions ask for and at most `WIDEST`.

    Args:
        picture: UINT8 [height, width, 3], RGB.
        line: in pixels of the picture; what lies outside continues the picture's edge.
    """
    right = line.quad[1] - line.quad[0]
    width = float(np.linalg.norm(right))
    fitting = int(np.clip(np.ceil(LINE_HEIGHT * width / line.height), 1, WIDEST))
    # Sampled at the picture's own resolution and shrunk by area, so that no pixel of a large line is skipped.
    columns = int(np.clip(round(width), 1, FINEST_SAMPLING * fitting))
    rows = int(np.clip(round(line.height), 1, FINEST_SAMPLING * LINE_HEIGHT))
    return resized(_sampled(picture, line, columns, rows), fitting, LINE_HEIGHT, enlarging=cv2.INTER_LINEAR)


def _sampled(picture: NDArray[np.uint8], line: TextLine, columns: int, rows: int) -> NDArray[np.uint8]:
    """The line's pixels along its bent middle, UINT8 [rows, columns, 3]."""
    right, down = line.quad[1] - line.quad[0], line.quad[3] - line.quad[0]
    down_unit = down / max(float(np.linalg.norm(down)), float(np.finfo(np.float32).tiny))
    along = (np.arange(columns) + 0.5) / columns
    across = ((np.arange(rows) + 0.5) / rows - 0.5) * line.height
    bend = np.interp(along, np.linspace(0.0, 1.0, len(line.bend)), line.bend)
    middle = line.quad[0] + down / 2 + along[:, None] * right + bend[:, None] * down_unit
    places = middle[None, :, :] + across[:, None, None] * down_unit - 0.5  # pixel centres lie at halves
    # OpenCV's remap takes pictures of up to 32,767 pixels a side: only what the line needs of a long strip is given.
    height, width, _ = picture.shape
    first = np.clip(np.floor(places.min(axis=(0, 1))).astype(int) - 2, 0, [width - 1, height - 1])
    last = np.clip(np.ceil(places.max(axis=(0, 1))).astype(int) + 3, first + 1, [width, height])
    piece = picture[first[1] : last[1], first[0] : last[0]]
    places = places - first
    longest = max(piece.shape[:2])
    if longest > _LONGEST_PIECE:
        factor = _LONGEST_PIECE / longest
        sides = [max(1, round(side * factor)) for side in piece.shape[1::-1]]
        places = (places + 0.5) * (np.array(sides) / piece.shape[1::-1]) - 0.5
        piece = resized(piece, sides[0], sides[1])
    return np.asarray(
        cv2.remap(
            piece,
            places[..., 0].astype(np.float32),
            places[..., 1].astype(np.float32),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


_LONGEST_PIECE = 16_384


def padded_width(line: LineImage) -> int:
    """The width that the recogniser reads a line at."""
    steps = -(-max(0, line.shape[1] - NARROWEST) // WIDTH_STEP)
    return NARROWEST + steps * WIDTH_STEP


def padded(line: LineImage, width: int) -> LineImage:
    """A line with grey to its right, `width` pixels wide."""
    return np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0)), constant_values=PADDING)


def orientation_pieces(line: LineImage, most: int = 3) -> list[LineImage]:
    """Pieces of a line at the orientation network's width, from its start to its end.

    The whole line squeezed into that width, as RapidOCR does it, cannot be read either way up once it is long.
    """
    spare = line.shape[1] - ORIENTATION_WIDTH
    if spare <= 0:
        return [padded(line, ORIENTATION_WIDTH)]
    count = min(most, 1 + -(-spare // ORIENTATION_WIDTH))
    starts = np.linspace(0, spare, count).round().astype(int)
    return [line[:, start : start + ORIENTATION_WIDTH] for start in starts]


def upside_down(line: LineImage) -> LineImage:
    """The line turned by half a turn."""
    return np.ascontiguousarray(line[::-1, ::-1])
