"""Keeps scenes as pictures to learn to talk about: as rendered, and as the autoencoder draws them; knows no words.

Tools are handed pictures that the diffusion networks drew and a super-resolution network enlarged. Those are softer,
noisier and a little off in colour, so half of what is learned from has gone through the autoencoder, and all of it is
roughened.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from rich.progress import track

from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.objects import OBJECT_NAMES
from visgate_export.pocket.picture_tensors import UInt8Array
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import PLACES, SIDE, Combination, Scene, place, sample_combination
from visgate_export.pocket.sprites import read_sprites

PATCH = 8
"""Pixels of a patch, each way, as a network looks at it."""
PATCHES = (SIDE // PATCH) ** 2
BARE_FLOOR = len(OBJECT_NAMES)
"""What `Bank.patches` says where there is no object."""
EMPTY_SHARE = 0.05
"""Of all scenes, how many show no object: what is left when one was removed."""


@dataclass(frozen=True)
class Bank:
    """Scenes with their pictures.

    Attributes:
        scenes: what each shows.
        pictures: uint8 [scenes, 64, 64, 3], RGB 0–255.
        patches: int64 [scenes, 64]: which object covers most of each patch, as an index of `OBJECT_NAMES`, or
            `BARE_FLOOR`.
    """

    scenes: list[Scene]
    pictures: UInt8Array
    patches: npt.NDArray[np.int64]


def fill_bank(count: int, seed: int, *, redrawn: float, held_out: bool = False) -> Bank:
    """Renders scenes.

    Args:
        count: how many.
        seed: the same seed gives the same scenes.
        redrawn: share of pictures that go through the autoencoder, 0–1; they come first.
        held_out: whether to take combinations that nothing is trained on.
    """
    random, renderer = np.random.default_rng(seed), SceneRenderer(read_sprites())
    drawn = [_scene(random, held_out=held_out) for _ in range(count)]
    pictures, patches = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty((count, PATCHES), np.int64)
    for index, scene in enumerate(track(drawn, "rendering scenes")):
        rendering = renderer.render(scene)
        pictures[index], patches[index] = rendering.picture, _patch_objects(scene, rendering.masks)
    last = round(count * redrawn)
    if last:
        pictures[:last] = redraw_all(list(pictures[:last]))
    return Bank(drawn, pictures, patches)


def roughened(picture: UInt8Array, random: np.random.Generator) -> UInt8Array:
    """A picture as it may come out of other tools: softer or sharper, noisier, its colours a little off."""
    rough = picture.astype(np.float32)
    if random.random() < 0.6:
        soft = cv2.GaussianBlur(rough, (0, 0), float(random.uniform(0.3, 1.0)))
        # Below nothing it sharpens, as enlarging and shrinking again does.
        rough = rough + float(random.uniform(-0.6, 1.0)) * (soft - rough)
    rough = rough * random.uniform(0.95, 1.05, 3).astype(np.float32) + random.uniform(-8, 8, 3).astype(np.float32)
    if random.random() < 0.5:
        rough = rough + random.normal(0, random.uniform(1, 6), rough.shape).astype(np.float32)
    return np.clip(rough, 0, 255).astype(np.uint8)


def _scene(random: np.random.Generator, *, held_out: bool) -> Scene:
    combination = sample_combination(random, held_out=held_out)
    if random.random() < EMPTY_SHARE:
        bare = place(Combination(combination.objects[:1], PLACES[0], combination.background), random)
        return Scene(Combination((), PLACES[0], combination.background), (), bare.background_rgb)
    return place(combination, random)


def _patch_objects(scene: Scene, masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    objects = np.full(PATCHES, BARE_FLOOR, np.int64)
    cells, side = np.zeros(PATCHES), SIDE // PATCH
    for placed, mask in zip(scene.objects, masks, strict=True):
        share = mask.reshape(side, PATCH, side, PATCH).mean((1, 3)).reshape(-1)
        covers = (share > 0.2) & (share > cells)
        objects[covers], cells[covers] = OBJECT_NAMES.index(placed.name), share[covers]
    return objects
