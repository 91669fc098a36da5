"""Held-out scenes with the truth of every pixel, as renderings and as the drawing tools would make them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.dense.picture_bank import sample_of
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites

DRAWN_SHARE = 4
"""Of one scene in so many a drawing is made too: enlarging costs more than what is measured."""


@dataclass(frozen=True)
class TrueScene:
    """A picture and what is true about it.

    Attributes:
        picture: UINT8 [height, width, 3].
        nearness: [64, 64], 0 far to 1 near.
        classes: [64, 64], numbers of `palette.CLASS_NAMES`.
    """

    picture: NDArray[np.uint8]
    nearness: NDArray[np.float32]
    classes: NDArray[np.uint8]


def rendered_scenes(count: int, seed: int) -> list[TrueScene]:
    """Renderings of 64 × 64 pixels."""
    renderer = SceneRenderer(read_sprites())
    samples = [sample_of(scene, renderer.render(scene)) for scene in islice(scenes(seed, held_out=True), count)]
    return [TrueScene(sample.picture, sample.nearness, sample.classes) for sample in samples]


def drawn_scenes(rendered: list[TrueScene]) -> list[TrueScene]:
    """One in `DRAWN_SHARE` of the scenes folded to latents and drawn from them, and enlarged four times."""
    chosen = rendered[::DRAWN_SHARE]
    drawings = redraw_all([scene.picture for scene in chosen])
    enlarged = [ask("upscale_image", image=drawing).pictures["PICTURE"] for drawing in drawings]
    return [TrueScene(picture, scene.nearness, scene.classes) for picture, scene in zip(enlarged, chosen, strict=True)]
