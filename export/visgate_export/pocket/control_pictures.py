"""Makes control pictures of scenes for training: by what the served tools do, or from what is true; trains nothing."""

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.latent_bank import ControlPicture
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene
from visgate_server.diffusion.control_pictures import fit_control_picture

_ENLARGED = 4
"""Drawings are shown four times enlarged, so edges are often found in an enlarged picture."""
_LOWEST, _HIGHEST = 40, 140
"""Where the lower Canny threshold is drawn from; the upper is twice that. The tool's default is 100 and 200."""

UInt8Array = npt.NDArray[np.uint8]


def edges(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """Canny edges of the scene, or of the scene enlarged, [64, 64] 0 or 255."""
    picture = renderer.picture(scene)
    if random.random() < 0.5:
        side = SIDE * _ENLARGED
        picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    low = float(random.uniform(_LOWEST, _HIGHEST))
    found = cv2.Canny(picture, low, 2 * low)
    return fit_control_picture("edges", np.repeat(found[..., None], 3, axis=2), SIDE, SIDE)[..., 0]


def depth(renderer: SceneRenderer, scene: Scene, random: np.random.Generator) -> UInt8Array:
    """The scene's true nearness, near is bright, sometimes a little blurred as estimated depth is; [64, 64] 0–255."""
    nearness = renderer.render(scene).nearness * 255
    if random.random() < 0.5:
        nearness = np.asarray(cv2.GaussianBlur(nearness, (0, 0), float(random.uniform(0.4, 1.2))), np.float32)
    return np.clip(nearness + 0.5, 0, 255).astype(np.uint8)


CONTROL_PICTURES: Mapping[str, ControlPicture] = MappingProxyType({"edges": edges, "depth": depth})
"""For each kind of ControlNet, how its control picture is made from a scene."""
