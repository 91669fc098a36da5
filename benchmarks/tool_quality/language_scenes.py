"""Held-out scenes to be talked about, as renderings and as the drawing tools would make them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, scenes
from visgate_export.pocket.sprites import read_sprites

DRAWN_SHARE = 4
"""Of one scene in so many a drawing is made too: enlarging costs more than what is measured."""


@dataclass(frozen=True)
class ShownScene:
    """A picture, UINT8 [height, width, 3], and what it shows."""

    picture: NDArray[np.uint8]
    combination: Combination


def rendered_scenes(count: int, seed: int) -> list[ShownScene]:
    """Renderings of 64 × 64 pixels."""
    renderer = SceneRenderer(read_sprites())
    return [
        ShownScene(renderer.picture(scene), scene.combination) for scene in islice(scenes(seed, held_out=True), count)
    ]


def drawn_scenes(rendered: list[ShownScene]) -> list[ShownScene]:
    """One in `DRAWN_SHARE` of the scenes drawn by the autoencoder, and enlarged four times."""
    chosen = rendered[::DRAWN_SHARE]
    drawings = redraw_all([scene.picture for scene in chosen])
    enlarged = [ask("upscale_image", image=drawing).pictures["PICTURE"] for drawing in drawings]
    return [ShownScene(picture, scene.combination) for picture, scene in zip(enlarged, chosen, strict=True)]
