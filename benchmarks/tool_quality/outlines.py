"""How well detect_edges, detect_soft_edges and detect_sketch find outlines that are known.

All three are scored alike: what they draw is thinned to lines a pixel wide, and a line's pixel is right if a true
outline is within three pixels of it (BSDS allows 0.0075 of the diagonal, which is as much; Martin et al. 2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.drawn_shapes import DrawnShapes, drawn_shapes, outlines_of
from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photographs import known_photographs
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites

Lines = NDArray[np.bool_]

NAME = "outlines"
SHAPES = "outlines of drawn shapes, F-score within 3 of 256 pixels"
TEXTURED = "the same on photographed brick, grass and gravel"
COVERED = "outlines of objects in drawings enlarged four times that were found, share"
REFERENCE = "agreement with scikit-image's Canny on photographs, F-score within 1 pixel"
GOALS: Mapping[str, float] = MappingProxyType({})

_PICTURES: Mapping[str, str] = MappingProxyType(
    {"detect_edges": "EDGES", "detect_soft_edges": "EDGES", "detect_sketch": "SKETCH"}
)
_SEED = 60_008
_SHARE = 8
"""One picture of each kind for so many scenes: HED looks long."""
_REACH = 3
_LOW, _HIGH = 100.0, 200.0
"""Thresholds of detect_edges by default."""


def measure(scenes: int) -> list[Measured]:
    """Looks at one picture of shapes, one of shapes on texture and one drawn scene for every eight scenes."""
    count = max(1, scenes // _SHARE)
    plain, textured = drawn_shapes(count, _SEED), drawn_shapes(count, _SEED + 1, textured=True)
    drawn = _drawn_scenes(count)
    figures = []
    for tool in _PICTURES:
        figures += [
            mean_of(tool, SHAPES, [_f_score(tool, each) for each in plain], GOALS),
            mean_of(tool, TEXTURED, [_f_score(tool, each) for each in textured], GOALS),
            mean_of(tool, COVERED, [_covered(tool, each) for each in drawn], GOALS),
        ]
    photos = [np.asarray(cv2.cvtColor(photo.picture, cv2.COLOR_RGB2GRAY), np.uint8) for photo in known_photographs()]
    figures.append(mean_of("detect_edges", REFERENCE, [_agreement_with_reference(grey) for grey in photos], GOALS))
    return figures


def f_score(found: Lines, true: Lines, reach: int) -> float:
    """F-score of lines against others, each pixel being right if one of the other lines is within reach, 0–1."""
    if not found.any() or not true.any():
        return float(found.any() == true.any())
    precision, recall = _share_near(found, true, reach), _share_near(true, found, reach)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share_near(lines: Lines, others: Lines, reach: int) -> float:
    """The share of the lines' pixels within so many pixels of one of the others."""
    size = 2 * reach + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return float((cv2.dilate(others.astype(np.uint8), disc) > 0)[lines].mean())


def _f_score(tool: str, drawn: DrawnShapes) -> float:
    return f_score(_lines(tool, drawn.picture), drawn.outlines, _REACH)


def _covered(tool: str, drawn: DrawnShapes) -> float:
    found = _lines(tool, drawn.picture)
    return _share_near(drawn.outlines, found, _REACH) if found.any() else 0.0


def _lines(tool: str, picture: NDArray[np.uint8]) -> Lines:
    """What a tool draws brighter than half, thinned."""
    from skimage.morphology import skeletonize

    strong = ask(tool, image=picture).pictures[_PICTURES[tool]][..., 0] > 127
    return np.asarray(skeletonize(strong))


def _drawn_scenes(count: int) -> list[DrawnShapes]:
    """Held-out scenes enlarged, with the outlines of their objects."""
    renderer, drawn = SceneRenderer(read_sprites()), []
    for scene in islice(scenes(_SEED + 2, held_out=True), count):
        rendering = renderer.render(scene)
        picture = ask("upscale_image", image=rendering.picture).pictures["PICTURE"]
        size = (picture.shape[1], picture.shape[0])
        masks = [cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) for mask in rendering.masks]
        drawn.append(DrawnShapes(picture, np.any([outlines_of(mask > 0.5) for mask in masks], axis=0)))
    return drawn


def _agreement_with_reference(grey: NDArray[np.uint8]) -> float:
    """With Canny as scikit-image writes it, on a grey picture without smoothing.

    OpenCV adds the two gradients' sizes where scikit-image takes the root of their squares: they agree where an edge
    lies along the picture's sides and differ in which slanting ones are strong enough.
    """
    from skimage.feature import canny

    ours = ask("detect_edges", image=np.stack([grey] * 3, axis=-1)).pictures["EDGES"][..., 0] > 0
    theirs = canny(grey.astype(np.float64), sigma=0.0, low_threshold=_LOW, high_threshold=_HIGH)
    return f_score(ours, np.asarray(theirs), 1)
