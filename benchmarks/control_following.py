"""How closely drawings keep to a control picture of each kind; says what is drawn and scores it, draws nothing itself.

A control picture is what the served tool finds in a held-out scene that `upscale_image` enlarged, as in a
conversation. Only a pose is taken from where the figure really stands: the pose network knows people, not emoji.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality import in_process
from visgate_export.pocket.captions import PLAIN, caption
from visgate_export.pocket.control_kinds import CONTROL_STARTS
from visgate_export.pocket.control_pictures.poses import FIGURES, pose
from visgate_export.pocket.quality import edge_agreement, edges_covered, overlap, silhouette
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Scene, scenes
from visgate_server.diffusion.control_pictures import fit_control_picture

UInt8Array = NDArray[np.uint8]

LOW, HIGH = 100, 200
"""Canny's thresholds; the defaults of detect_edges."""
KINDS = tuple(CONTROL_STARTS)
_SCENE_SEED = 20_003
_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "edges": "detect_edges",
        "lines": "detect_lines",
        "soft_edges": "detect_soft_edges",
        "sketch": "detect_sketch",
        "depth": "estimate_depth",
        "normals": "estimate_normals",
        "segmentation": "segment_image",
    }
)
_PICTURES = ("PICTURE", "EDGES", "SKETCH", "LINES", "DEPTH", "NORMALS")
"""What the tools call the control picture among their answers."""


@dataclass(frozen=True)
class DrawingCall:
    """One drawing to ask for.

    Attributes:
        tool: its name.
        prompt: what to draw.
        seed: of the drawing.
        image: the control picture, [height, width, 3], for tools that take one.
    """

    tool: str
    prompt: str
    seed: int
    image: UInt8Array | None = None


Draw = Callable[[Sequence[DrawingCall]], UInt8Array]
"""Makes the drawings, UINT8 [N, 64, 64, 3], with default settings and not enlarged."""


@dataclass(frozen=True)
class ControlMargin:
    """How well drawings agree with the scenes that their control pictures were made of, as means, 0-1.

    Attributes:
        kind: of the control picture.
        with_control: drawn with it.
        without: the same prompts and seeds without it.
        scenes: how many.
    """

    kind: str
    with_control: float
    without: float
    scenes: int

    @property
    def margin(self) -> float:
        """By how much the control picture is followed."""
        return self.with_control - self.without


@dataclass(frozen=True, eq=False)
class _Case:
    """One scene to be drawn along a control picture of it, [height, width, 3], and its own picture, [64, 64, 3]."""

    prompt: str
    seed: int
    picture: UInt8Array
    control: UInt8Array

    @property
    def key(self) -> tuple[str, int]:
        """What the drawing without the control picture depends on."""
        return self.prompt, self.seed


_Score = Callable[[str, UInt8Array, _Case], float]


def control_margins(draw: Draw, renderer: SceneRenderer, kinds: Sequence[str], count: int) -> tuple[ControlMargin, ...]:
    """Draws scenes with and without a control picture of each kind, and compares.

    Args:
        draw: makes the drawings.
        renderer: of the scenes.
        kinds: some of `KINDS`.
        count: scenes a kind.

    Raises:
        NetworkError: a network that makes control pictures has not been exported.
    """
    margins = []
    free: dict[tuple[str, int], UInt8Array] = {}
    for kind in kinds:
        cases = _cases(kind, renderer, count)
        led = draw([DrawingCall(f"image_from_{kind}", case.prompt, case.seed, case.control) for case in cases])
        unmade = [case.key for case in cases if case.key not in free]
        plain = draw([DrawingCall("generate_image", *key) for key in unmade]) if unmade else ()
        free.update(zip(unmade, plain, strict=True))
        score = SCORES[kind]
        pairs = [
            (score(kind, drawing, case), score(kind, free[case.key], case))
            for drawing, case in zip(led, cases, strict=True)
        ]
        with_control, without = (float(mean) for mean in np.mean(pairs, axis=0))
        margins.append(ControlMargin(kind, with_control, without, len(cases)))
    return tuple(margins)


def edges_of(picture: UInt8Array) -> NDArray[np.bool_]:
    """Canny's edges of a picture, [height, width]."""
    return np.asarray(cv2.Canny(picture, LOW, HIGH) > 0)


def _cases(kind: str, renderer: SceneRenderer, count: int) -> list[_Case]:
    random = np.random.default_rng(_SCENE_SEED)
    cases: list[_Case] = []
    for seed, scene in enumerate(_scenes(kind)):
        prompt = caption(scene.combination, random, PLAIN, plain_names=True).text
        picture = renderer.picture(scene)
        control = _control_picture(kind, renderer, scene, picture)
        if control.any():  # where no line was found there is nothing to follow
            cases.append(_Case(prompt, seed, picture, control))
        if len(cases) == count:
            break
    return cases


def _scenes(kind: str) -> Iterator[Scene]:
    """Held-out scenes; for poses those with a figure alone."""
    if kind != "pose":
        return scenes(_SCENE_SEED, held_out=True)
    alone = scenes(_SCENE_SEED, held_out=True, pairs=0.0)
    return (scene for scene in alone if scene.combination.objects[0] in FIGURES)


def _control_picture(kind: str, renderer: SceneRenderer, scene: Scene, picture: UInt8Array) -> UInt8Array:
    if kind == "pose":
        return pose(renderer, scene, np.random.default_rng(0))
    enlarged = in_process.ask("upscale_image", image=picture).pictures["PICTURE"]
    answer = in_process.ask(_TOOLS[kind], image=enlarged).pictures
    (found,) = (answer[name] for name in _PICTURES if name in answer)
    return np.broadcast_to(found, (*found.shape[:2], 3)).copy()


def _along_the_edges_given(kind: str, drawing: UInt8Array, case: _Case) -> float:
    return edge_agreement(edges_of(drawing), _fitted(kind, case) > 0)


def _along_the_scenes_edges(kind: str, drawing: UInt8Array, case: _Case) -> float:
    return edge_agreement(edges_of(drawing), edges_of(case.picture))


def _lines_covered(kind: str, drawing: UInt8Array, case: _Case) -> float:
    return edges_covered(edges_of(drawing), _fitted(kind, case) > 0)


def _same_silhouette(kind: str, drawing: UInt8Array, case: _Case) -> float:
    return overlap(silhouette(drawing), silhouette(case.picture))


def _fitted(kind: str, case: _Case) -> UInt8Array:
    return fit_control_picture(kind, case.control, SIDE, SIDE)[..., 0]


SCORES: Mapping[str, _Score] = MappingProxyType(
    {
        "edges": _along_the_edges_given,
        "depth": _along_the_scenes_edges,
        "lines": _lines_covered,
        "soft_edges": _along_the_scenes_edges,
        "sketch": _along_the_scenes_edges,
        "pose": _same_silhouette,
        "segmentation": _same_silhouette,
        "normals": _same_silhouette,
    }
)
"""How a drawing, [64, 64, 3], is compared with what it should follow, 0-1."""

EXPLANATION = (
    f"For edges, the mean F-score of the drawings' edges (Canny {LOW}, {HIGH}) within one pixel of the control "
    "picture's; for depth, soft edges and sketches within one pixel of the edges of the scene that the control picture "
    "was made from; for lines the share of the lines that lie along the drawing's edges; for segmentation, normals and "
    "poses the overlap (IoU) of what stands out from the floor in the drawing and in the scene. Control pictures are "
    "what the served tools find in the scene enlarged; poses are drawn from where the figure stands. Held-out scenes, "
    "the same prompts and seeds with the control picture and without."
)
"""What the figures mean, for a report."""
