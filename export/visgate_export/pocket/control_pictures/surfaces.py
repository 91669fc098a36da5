"""Control pictures of where a scene's surfaces are: depth, normals and classes, from what is true of the scene."""

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.palette import class_map, coloured
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene
from visgate_server.diffusion.control_pictures import fit_control_picture
from visgate_server.image_processing.surface_normals import surface_normals

_SHOWN_SIDE = 256
"""Pixels of a drawing as tools are given it: four times enlarged."""

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


def depth(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """The scene's true nearness, near is bright, sometimes a little blurred as estimated depth is; grey."""
    nearness = _nearness(renderer, scene, random) * 255
    return np.repeat(np.clip(nearness + 0.5, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def normals(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """The normals that `estimate_normals` works out from the scene's true nearness, sometimes a little blurred."""
    shown = cv2.resize(_nearness(renderer, scene, random), (_SHOWN_SIDE, _SHOWN_SIDE), interpolation=cv2.INTER_LINEAR)
    return fit_control_picture("normals", surface_normals(shown), SIDE, SIDE)


def segmentation(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """The classes' colours where each object is seen; sometimes with ragged borders, as a network finds them."""
    classes = class_map((placed.name for placed in scene.objects), renderer.render(scene).masks)
    if random.random() < 0.5:
        rows, columns = np.indices(classes.shape)
        nudges = random.integers(-1, 2, (2, *classes.shape))
        places = np.clip(np.stack((rows, columns)) + nudges, 0, SIDE - 1)
        classes = classes[places[0], places[1]]
    return coloured(classes)


def _nearness(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> FloatArray:
    nearness = renderer.render(scene).nearness
    if random.random() < 0.5:
        nearness = np.asarray(cv2.GaussianBlur(nearness, (0, 0), float(random.uniform(0.4, 1.2))), np.float32)
    return nearness
