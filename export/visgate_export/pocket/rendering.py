"""Draws scenes as pictures, and their true masks and depths; knows nothing about words or networks.

The world is a floor that rises from the lower edge (near) to the upper edge (far), on which objects stand upright:
how far an object is follows from where its foot is, and the floor is darker the farther it is. So depth can be seen in
a picture, and is known exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.scenes import SIDE, PlacedObject, Scene

FAR_SHADE = 0.78
"""Brightness of the floor at the upper edge, as a share of that at the lower edge."""
_FLOOR_FAR, _FLOOR_NEAR = 0.10, 0.65
_RELIEF = 0.25
_HALO = 0.35

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True)
class Rendering:
    """A scene as a picture, with what is true about it."""

    picture: UInt8Array
    """[64, 64, 3] RGB 0–255."""
    masks: npt.NDArray[np.bool_]
    """[objects, 64, 64]: the pixels where each object is what one sees, in the order of the scene's objects."""
    nearness: FloatArray
    """[64, 64] 0 (far) to 1 (near), as relative inverse depth."""


class SceneRenderer:
    """Draws scenes from the objects' pictures."""

    def __init__(self, sprites: Mapping[str, UInt8Array]) -> None:
        """Prepares the sprites.

        Args:
            sprites: by object name, [side, side, 4] RGBA 0–255, colours not multiplied by alpha.
        """
        self._sprites = {name: _premultiplied(sprite) for name, sprite in sprites.items()}
        self._scaled: dict[tuple[str, int], FloatArray] = {}
        self._relief: dict[tuple[str, int], FloatArray] = {}
        rows = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None]
        self._floor = _FLOOR_FAR + (_FLOOR_NEAR - _FLOOR_FAR) * rows
        self._shade = (FAR_SHADE + (1 - FAR_SHADE) * rows)[..., None]

    def picture(self, scene: Scene) -> UInt8Array:
        """Draws a scene as [64, 64, 3] RGB 0–255."""
        canvas: FloatArray = np.asarray(scene.background_rgb, np.float32) * self._shade.repeat(SIDE, axis=1)
        for placed in _far_to_near(scene):
            sprite = self._sprite(placed)
            self._darken_around(canvas, placed, sprite[..., 3])
            window = _window(canvas, placed)
            window[:] = window * (1 - sprite[..., 3:]) + sprite[..., :3]
        return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)

    def render(self, scene: Scene) -> Rendering:
        """Draws a scene and works out its masks and depth."""
        masks = np.zeros((len(scene.objects), SIDE, SIDE), np.bool_)
        nearness = np.repeat(self._floor, SIDE, axis=1)
        for placed in _far_to_near(scene):
            solid = self._sprite(placed)[..., 3] > 0.5
            for mask in masks:
                _window(mask, placed)[solid] = False
            _window(masks[scene.objects.index(placed)], placed)[solid] = True
            rows = np.flatnonzero(solid.any(axis=1))
            foot = min(placed.top + int(rows[-1]) if rows.size else placed.top, SIDE - 1)
            standing = float(self._floor[foot, 0]) + _RELIEF * self._bulge(placed)
            window = _window(nearness, placed)
            window[solid] = standing[solid]
        return Rendering(self.picture(scene), masks, np.clip(nearness, 0, 1).astype(np.float32))

    def _sprite(self, placed: PlacedObject) -> FloatArray:
        key = (placed.name, placed.side)
        if key not in self._scaled:
            size = (placed.side, placed.side)
            scaled = cv2.resize(self._sprites[placed.name], size, interpolation=cv2.INTER_AREA)
            self._scaled[key] = scaled.astype(np.float32, copy=False)
        return self._scaled[key]

    def _bulge(self, placed: PlacedObject) -> FloatArray:
        """How far each pixel stands out of its object, 0–1: round, from the distance to the outline."""
        key = (placed.name, placed.side)
        if key not in self._relief:
            solid = np.pad((self._sprite(placed)[..., 3] > 0.5).astype(np.uint8), 1)
            distance = cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1]
            self._relief[key] = np.sqrt(distance / max(float(distance.max()), 1.0)).astype(np.float32)
        return self._relief[key]

    def _darken_around(self, canvas: FloatArray, placed: PlacedObject, alpha: FloatArray) -> None:
        """Draws a soft shadow around an object, so that a red apple shows on a red background."""
        shadow = np.zeros((SIDE, SIDE), np.float32)
        _window(shadow, placed)[:] = alpha
        canvas *= 1 - _HALO * cv2.GaussianBlur(shadow, (5, 5), 1.2)[..., None]


def _far_to_near(scene: Scene) -> list[PlacedObject]:
    return sorted(scene.objects, key=lambda placed: placed.top + placed.side)


def _window(array: npt.NDArray[_Scalar], placed: PlacedObject) -> npt.NDArray[_Scalar]:
    return array[placed.top : placed.top + placed.side, placed.left : placed.left + placed.side]


def _premultiplied(sprite: UInt8Array) -> FloatArray:
    """[side, side, 4] with colours 0–255 times alpha, and alpha 0–1."""
    alpha = sprite[..., 3:].astype(np.float32) / 255
    return np.concatenate((sprite[..., :3].astype(np.float32) * alpha, alpha), axis=2)
