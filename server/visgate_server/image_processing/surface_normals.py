"""Turns how near things are into which way their surfaces face; knows nothing about networks.

As the normal map of Visual ChatGPT and of ControlNet's `NormalMidas` annotator: the picture's slopes stand for the
surface's, whatever is far is taken for a flat backdrop, and the unit vectors are shown as colours.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BACKGROUND = 0.4
"""Where nearness is below this share of the picture's range, the surface counts as facing the viewer."""

RELIEF = 1.0
"""How many widths of the picture the step from nearness 0 to nearness 1 is deep."""

_SOBEL_GAIN = 8.0  # what a 3 × 3 Sobel filter answers to a slope of 1 a pixel
_CENTRE = 127.5


def surface_normals(
    nearness: NDArray[Any], *, background: float = BACKGROUND, relief: float = RELIEF
) -> NDArray[np.uint8]:
    """The directions that surfaces face.

    Slopes are taken for the picture as a whole, so its size in pixels makes no difference. A surface that faces the
    viewer is (127, 127, 255); red grows where things come nearer to the right, green where they come nearer downwards.

    Args:
        nearness: [height, width], brighter is nearer: UINT8 0–255, or floats of any unit.
        background: share of the picture's own range of nearness, 0–1, below which there is no slope.
        relief: picture widths (the longer side) that a nearness of 1 is deep; a byte of 255 is a nearness of 1.

    Returns:
        UINT8 [height, width, 3]: (x, y, z) of each unit vector, as (v + 1) / 2 · 255.
    """
    plane = np.asarray(nearness, np.float32)
    if nearness.dtype == np.uint8:
        plane = plane / np.float32(255.0)
    steepness = np.float32(relief * max(plane.shape) / _SOBEL_GAIN)
    vectors = np.ones((*plane.shape, 3), np.float32)
    hidden = _share_of_range(plane) < background
    for axis, (across, down) in enumerate(((1, 0), (0, 1))):
        slope = cv2.Sobel(plane, cv2.CV_32F, across, down, ksize=3) * steepness
        vectors[..., axis] = np.where(hidden, np.float32(0.0), slope)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.clip(vectors * _CENTRE + _CENTRE, 0, 255).astype(np.uint8)


def _share_of_range(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 at the farthest, 1 at the nearest; all 0 where everything is equally far."""
    lowest = plane.min()
    span = plane.max() - lowest
    return np.asarray((plane - lowest) / span if span > 0 else np.zeros_like(plane), np.float32)
