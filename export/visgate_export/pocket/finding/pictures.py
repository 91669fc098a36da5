"""Pictures of scenes as a finder meets them (rendered, drawn, moved, roughened) with true masks; writes no texts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.picture_tensors import UInt8Array
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Combination, scenes
from visgate_export.pocket.sprites import read_sprites


@dataclass(frozen=True)
class MaskedPicture:
    """A scene's picture and where its objects are.

    Attributes:
        combination: what it shows.
        picture: [64, 64, 3] RGB 0–255.
        masks: [objects, 64, 64], in the order of the combination's objects.
    """

    combination: Combination
    picture: UInt8Array
    masks: npt.NDArray[np.bool_]


def rendered(seed: int, *, held_out: bool = False) -> Iterator[MaskedPicture]:
    """Scenes as they are rendered, for ever."""
    renderer = SceneRenderer(read_sprites())
    for scene in scenes(seed, held_out=held_out):
        rendering = renderer.render(scene)
        yield MaskedPicture(scene.combination, rendering.picture, rendering.masks)


def drawn(count: int, seed: int, *, held_out: bool = False) -> list[MaskedPicture]:
    """Scenes that went through the autoencoder and back: in the style of drawings, with masks that are known."""
    scenes_rendered = list(islice(rendered(seed, held_out=held_out), count))
    pictures = redraw_all([one.picture for one in scenes_rendered], noise=0.0)
    return [replace(one, picture=picture) for one, picture in zip(scenes_rendered, pictures, strict=True)]


def varied(given: MaskedPicture, random: np.random.Generator) -> MaskedPicture:
    """The same scene as it may come to the server: often moved, softened, enlarged and shrunk, or other in tone."""
    picture, masks = given.picture, given.masks
    if random.random() < 0.45:
        picture, masks = _moved(picture, masks, random)
    if random.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.3, 0.9))), np.uint8)
    if random.random() < 0.35:
        picture = _enlarged_and_shrunk(picture, random)
    levels = picture.astype(np.float32)
    if random.random() < 0.5:
        levels = levels * random.uniform(0.88, 1.12, size=3) + random.uniform(-12, 12)
    if random.random() < 0.05:
        levels = np.repeat(levels.mean(axis=2, keepdims=True), 3, axis=2)
    if random.random() < 0.4:
        levels = levels + random.normal(0, random.uniform(1, 7), levels.shape)
    return MaskedPicture(given.combination, np.clip(levels + 0.5, 0, 255).astype(np.uint8), masks)


def _moved(
    picture: UInt8Array, masks: npt.NDArray[np.bool_], random: np.random.Generator
) -> tuple[UInt8Array, npt.NDArray[np.bool_]]:
    """Shrunk, enlarged, stretched and pushed about, with what is beyond the border repeated from it."""
    scale = np.exp(random.uniform(-0.45, 0.25)) * np.exp(random.uniform(-0.15, 0.15, size=2))
    centre = SIDE / 2 + random.uniform(-8, 8, size=2)
    matrix = np.array([[scale[0], 0, centre[0] - scale[0] * SIDE / 2], [0, scale[1], centre[1] - scale[1] * SIDE / 2]])
    size = (SIDE, SIDE)
    warped = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = [cv2.warpAffine(mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR) > 0.5 for mask in masks]
    return np.asarray(warped, np.uint8), np.stack(moved)


def _enlarged_and_shrunk(picture: UInt8Array, random: np.random.Generator) -> UInt8Array:
    """Four times as large, sharpened as networks that enlarge do, and back by means."""
    large = cv2.resize(picture, (4 * SIDE, 4 * SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    sharper = large + random.uniform(0, 1.5) * (large - cv2.GaussianBlur(large, (0, 0), float(random.uniform(2, 5))))
    return np.clip(cv2.resize(sharper, (SIDE, SIDE), interpolation=cv2.INTER_AREA) + 0.5, 0, 255).astype(np.uint8)
