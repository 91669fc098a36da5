"""Tells drawn scenes from photos by their floor: plain, of one colour, darker towards the top; runs no network.

The pocket networks draw and know scenes alone: objects on a floor of one colour that gets darker, evenly, from the
lower edge to the upper one. Photos seldom have that from edge to edge, and a flat colour does not get darker.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized

_SIDE = 64
_FAR_SHADE = 0.78
"""Brightness of a scene's floor at the upper edge, as a share of that at the lower edge."""
_BIN = 16
"""Grey levels that fall together where the floor's colour is looked for."""
_NEAR_COLOUR = 20.0
"""Grey levels, in any channel, by which a pixel of the floor may be off the floor's colour."""
_LEAST_FLOOR = 0.33
"""Share of the picture: the largest object leaves half of it free."""
_LEAST_AT_EDGE = 0.5
"""Share of each of the four edges that is floor: objects may touch an edge, but do not fill it."""
_EDGE = 3
_SHADES = (0.62, 0.93)
"""Between these the brightness at the top is, as a share of that at the bottom; drawings come out around 0.78."""
_ROUGHEST = 6.0
"""Grey levels: the floor's mean distance from an even gradient."""

Plane = NDArray[np.float32]


def looks_drawn(image: NDArray[np.uint8]) -> bool:
    """Whether a picture is a drawn scene rather than a photo.

    Args:
        image: UINT8 [height, width, 3], of any size.
    """
    small = resized(image, _SIDE, _SIDE).astype(np.float32)
    floor = _floor(small)
    if floor.mean() < _LEAST_FLOOR:
        return False
    edges = (floor[:_EDGE], floor[-_EDGE:], floor[:, :_EDGE], floor[:, -_EDGE:])
    if min(edge.mean() for edge in edges) < _LEAST_AT_EDGE:
        return False
    return _darkens_evenly(small.mean(axis=2), floor)


def _floor(picture: Plane) -> NDArray[np.bool_]:
    """The pixels of the commonest colour, once the floor's own shading is taken out."""
    rows = np.linspace(0.0, 1.0, _SIDE, dtype=np.float32)[:, None, None]
    unshaded = picture / (_FAR_SHADE + (1.0 - _FAR_SHADE) * rows)
    bins = (unshaded // _BIN).astype(np.int64).clip(0, 31)
    keys = (bins[..., 0] * 32 + bins[..., 1]) * 32 + bins[..., 2]
    commonest = unshaded[keys == np.bincount(keys.ravel()).argmax()]
    # Twice: the bin's own middle may lie beside the colour's.
    colour = commonest.mean(axis=0)
    for _ in range(2):
        near = np.abs(unshaded - colour).max(axis=2) < _NEAR_COLOUR
        colour = unshaded[near].mean(axis=0) if near.any() else colour
    return np.asarray(near)


def _darkens_evenly(brightness: Plane, floor: NDArray[np.bool_]) -> bool:
    """Whether the floor's brightness is one straight slope, upwards darker."""
    rows, _ = np.nonzero(floor)
    values = brightness[floor]
    slope, base = np.polyfit(rows.astype(np.float64), values.astype(np.float64), 1)
    bottom = base + slope * (_SIDE - 1)
    if bottom <= 0:
        return False
    darkest, brightest = _SHADES
    off = float(np.abs(values - (base + slope * rows)).mean())
    return bool(darkest <= base / bottom <= brightest and off <= _ROUGHEST)
