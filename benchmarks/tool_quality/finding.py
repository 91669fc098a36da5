"""How well find_object, segment_object and remove_background mark what is there, and tell what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_finding import measure_on_photographs
from visgate_export.pocket.autoencoding import redraw_all
from visgate_export.pocket.finding.queries import QueryWriter
from visgate_export.pocket.finding.words import ABSENT_NEVER_READ
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, scenes
from visgate_export.pocket.sprites import read_sprites

NAME = "finding"
_BOX = "IoU of the box, renderings"
_MASK = "IoU of the mask, renderings"
_BOX_DRAWN = "IoU of the box, drawings enlarged four times"
_MASK_DRAWN = "IoU of the mask, drawings enlarged four times"
_ABSENT = "absent things told to be absent, renderings"
_ABSENT_DRAWN = "absent things told to be absent, drawings enlarged four times"
_BACKGROUND = "IoU of what is kept of a drawing enlarged four times"
GOALS: Mapping[str, float] = MappingProxyType(
    {_BOX: 0.8, _MASK: 0.8, _BOX_DRAWN: 0.8, _MASK_DRAWN: 0.8, _ABSENT: 0.95, _ABSENT_DRAWN: 0.95}
)

_SEED = 30_011
_DRAWN_SHARE = 3
"""Of one scene in so many a drawing is made too: enlarging costs more than what is measured."""


@dataclass(frozen=True)
class _Asked:
    """A picture, and what is asked about it.

    Attributes:
        picture: UINT8 [height, width, 3].
        present: words for one of its objects.
        truth: where that is, bool [height, width].
        absent: words for something that is not there.
        objects: where any object is, bool [height, width].
    """

    picture: NDArray[np.uint8]
    present: str
    truth: NDArray[np.bool_]
    absent: str
    objects: NDArray[np.bool_]


def measure(scenes: int) -> list[Measured]:
    """Asks of every drawn picture for one thing that is there and one that is not; of photographs for what is there."""
    rendered = _rendered(scenes)
    drawn = _drawn(rendered[::_DRAWN_SHARE])
    kept = [
        _overlap(ask("remove_background", image=one.picture).pictures["MASK"][..., 0] > 127, one.objects)
        for one in drawn
    ]
    return [
        *_finding(rendered, _BOX, _ABSENT),
        *_segmenting(rendered, _MASK),
        *_finding(drawn, _BOX_DRAWN, _ABSENT_DRAWN),
        *_segmenting(drawn, _MASK_DRAWN),
        mean_of("remove_background", _BACKGROUND, kept, GOALS),
        *measure_on_photographs(scenes),
    ]


def _finding(asked: Sequence[_Asked], box: str, absent: str) -> list[Measured]:
    boxes = [
        _box_overlap(ask("find_object", image=one.picture, object=one.present).data["boxes"], one) for one in asked
    ]
    missed = [not ask("find_object", image=one.picture, object=one.absent).data["found"] for one in asked]
    return [mean_of("find_object", box, boxes, GOALS), mean_of("find_object", absent, missed, GOALS)]


def _segmenting(asked: Sequence[_Asked], mask: str) -> list[Measured]:
    answers = [ask("segment_object", image=one.picture, object=one.present) for one in asked]
    overlaps = [
        _overlap(answer.pictures["MASK"][..., 0] > 127, one.truth) for answer, one in zip(answers, asked, strict=True)
    ]
    return [mean_of("segment_object", mask, overlaps, GOALS)]


def _rendered(count: int) -> list[_Asked]:
    random = np.random.default_rng(_SEED)
    renderer, writer = SceneRenderer(read_sprites()), QueryWriter(random, ABSENT_NEVER_READ)
    result = []
    for scene in islice(scenes(_SEED, held_out=True), count):
        rendering, shown = renderer.render(scene), scene.combination
        index = int(random.integers(len(shown.objects)))
        present, absent = _texts(writer, shown, index)
        result.append(_Asked(rendering.picture, present, rendering.masks[index], absent, rendering.masks.any(axis=0)))
    return result


def _texts(writer: QueryWriter, shown: Combination, index: int) -> tuple[str, str]:
    return writer.present(shown, index).text, writer.absent(shown).text


def _drawn(rendered: Sequence[_Asked]) -> list[_Asked]:
    """Folded to latents and drawn from them, and enlarged four times: what the drawing tools give."""
    drawings = redraw_all([one.picture for one in rendered])
    result = []
    for one, drawing in zip(rendered, drawings, strict=True):
        picture = ask("upscale_image", image=drawing).pictures["PICTURE"]
        truth, objects = (_enlarged(mask, picture) for mask in (one.truth, one.objects))
        result.append(_Asked(picture, one.present, truth, one.absent, objects))
    return result


def _enlarged(mask: NDArray[np.bool_], picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5)


def _overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / max((found | truth).sum(), 1))


def _box_overlap(boxes: Sequence[Sequence[int]], one: _Asked) -> float:
    """Of the box around everything that was found; a second box somewhere else makes it worse, as it should."""
    if not boxes:
        return 0.0
    found, true = np.zeros_like(one.truth), np.zeros_like(one.truth)
    for left, top, right, bottom in boxes:
        found[top:bottom, left:right] = True
    left, top, width, height = cv2.boundingRect(one.truth.astype(np.uint8))
    true[top : top + height, left : left + width] = True
    return _overlap(found, true)
