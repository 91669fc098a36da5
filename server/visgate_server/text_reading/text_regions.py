"""Finds where lines of text run in the detector's probability map; knows nothing about pictures or letters.

The steps and constants are those of DB (Liao et al. 2020, "Real-time scene text detection with differentiable
binarization") as RapidOCR 1.4.4 sets them for these weights, except that a line may be bent.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PIXEL_THRESHOLD = 0.3
"""Probability from which a pixel belongs to text."""

REGION_THRESHOLD = 0.5
"""Mean probability within its outline from which a region is text."""

UNCLIP_RATIO = 2.7
"""DB learns text shrunken; a region of area A and perimeter L is grown by A × ratio / L on every side. RapidOCR's 1.6
is of a rectangle's area; measured across the bent region itself, which is thinner, 1.6 cut off the letters' tails. On a
photographed page and 20 printed ones (sizes, angles, blur) 1.6 left 5 % of letters wrong, 2.0 2 %, 2.3 to 2.7 0.5 %."""

SHORTEST_SIDE = 3.0
"""Regions thinner than this many pixels before growing are noise."""

MOST_REGIONS = 500
"""Larger regions go first; each costs tens of milliseconds to read."""

UPRIGHT_RATIO = 1.5
"""A region this much higher than wide holds a line that runs upwards or downwards (RapidOCR's value)."""

BEND_STATIONS = 13
"""Places along a line at which its middle is measured; between them it is taken as straight."""

BEND_RATIO = 6.0
"""Shorter lines, relative to their height, are taken as straight: ascenders would pass for a bend."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class TextLine:
    """Where one line of text lies.

    Attributes:
        quad: float32 [4, 2], x and y of the corners of a rectangle around it, clockwise as the text reads: top left,
            top right, bottom right, bottom left of the upright line.
        bend: float32 [stations], how far the line's middle lies below the rectangle's, at even steps along it.
        height: of the line across its run; less than the rectangle's if the line is bent.
    """

    quad: Points
    bend: NDArray[np.float32]
    height: float

    def scaled(self, offset: float, scale: tuple[float, float]) -> TextLine:
        """The line where a point p becomes (p - `offset`) / `scale`, scale given across and down."""
        factors = np.array(scale, np.float32)
        mean = float(factors.mean())  # the two differ by the rounding of a picture's sides alone
        return TextLine((self.quad - np.float32(offset)) / factors, self.bend / np.float32(mean), self.height / mean)

    def outline(self) -> Points:
        """The area that the line covers along its bend, float32 [corners, 2], clockwise."""
        right, down = self.quad[1] - self.quad[0], self.quad[3] - self.quad[0]
        down_unit = down / max(float(np.linalg.norm(down)), float(np.finfo(np.float32).tiny))
        along = np.linspace(0.0, 1.0, len(self.bend))[:, None]
        middle = self.quad[0] + down / 2 + along * right + self.bend[:, None] * down_unit
        half = down_unit * self.height / 2
        corners: Points = np.concatenate([middle - half, (middle + half)[::-1]]).astype(np.float32)
        return corners

    def turned(self) -> TextLine:
        """The same line read from its other end, upside down."""
        return TextLine(np.roll(self.quad, 2, axis=0), -self.bend[::-1], self.height)


def find_text_lines(probability: NDArray[np.float32]) -> list[TextLine]:
    """Finds lines of text, in pixels of the map; they may reach over its edge.

    Args:
        probability: float32 [height, width], 0–1, how likely each pixel lies on text.
    """
    # The 2 × 2 dilation joins letters that a hair's breadth separates.
    text = cv2.dilate((probability > PIXEL_THRESHOLD).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(text, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:MOST_REGIONS]:
        rectangle = cv2.minAreaRect(outline)
        if min(rectangle[1]) < SHORTEST_SIDE:
            continue
        left, top, width, height = cv2.boundingRect(outline)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [outline], (1,), offset=(-left, -top))
        # The mean over the outline, not over the rectangle as in RapidOCR's "fast" mode, where bent lines fail.
        if cv2.mean(probability[top : top + height, left : left + width], mask)[0] < REGION_THRESHOLD:
            continue
        quad = _reading_corners(cv2.boxPoints(rectangle).astype(np.float32))
        lines.append(_grown(quad, *_bend(mask, quad - np.array([left, top], np.float32))))
    return lines


def _reading_corners(corners: Points) -> Points:
    """A rectangle's corners, clockwise, from the one where its text begins if it is not upside down."""
    sides = np.roll(corners, -1, axis=0) - corners
    if sides[0, 0] * sides[1, 1] - sides[0, 1] * sides[1, 0] < 0:  # y grows downwards: clockwise turns are positive
        corners = corners[::-1]
        sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.maximum(np.linalg.norm(sides, axis=1), np.finfo(np.float32).tiny)
    start = int(np.argmax(sides[:, 0] / lengths))
    if lengths[(start + 1) % 4] >= UPRIGHT_RATIO * lengths[start]:
        start += 1
    return np.roll(corners, -start, axis=0)


def _bend(mask: NDArray[np.uint8], quad: Points) -> tuple[NDArray[np.float32], float]:
    """How a region's middle wanders from its rectangle's, and how high the region is across its run.

    Args:
        mask: 1 within the region.
        quad: the region's rectangle, in pixels of the mask.
    """
    width = float(np.linalg.norm(quad[1] - quad[0]))
    height = float(np.linalg.norm(quad[3] - quad[0]))
    straight = np.zeros(BEND_STATIONS, np.float32)
    columns, rows = max(1, round(width)), max(1, round(height))
    if width < BEND_RATIO * height or columns < BEND_STATIONS:
        return straight, height
    corners = np.array([[0, 0], [columns, 0], [columns, rows]], np.float32)
    levelled = cv2.warpAffine(mask, cv2.getAffineTransform(quad[:3], corners), (columns, rows))
    thickness = levelled.sum(axis=0, dtype=np.float32)
    heights = np.arange(rows, dtype=np.float32) + np.float32(0.5)
    middles = heights @ levelled / np.maximum(thickness, 1.0)
    inside = np.flatnonzero(thickness > 0)
    if not len(inside):
        return straight, height
    # The round ends of a region say little about its middle, so stations share what lies around them.
    reach = columns / (BEND_STATIONS - 1) / 2
    stations = np.linspace(0, columns - 1, BEND_STATIONS)
    near = [inside[np.abs(inside - station) <= reach] for station in stations]
    offsets = [float(np.median(middles[places])) - rows / 2 if len(places) else 0.0 for places in near]
    return np.array(offsets, np.float32), float(np.percentile(thickness[inside], 90))


def _grown(quad: Points, bend: NDArray[np.float32], height: float) -> TextLine:
    """A line grown on every side by what DB's shrinking took off."""
    right, down = quad[1] - quad[0], quad[3] - quad[0]
    width, rectangle_height = float(np.linalg.norm(right)), float(np.linalg.norm(down))
    growth = width * height * UNCLIP_RATIO / (2.0 * (width + height))
    across, along = down / rectangle_height * growth, right / width * growth
    corners = quad + np.stack([-along - across, along - across, along + across, -along + across])
    return TextLine(corners.astype(np.float32), bend, height + 2.0 * growth)
