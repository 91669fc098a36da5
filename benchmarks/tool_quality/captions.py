"""How often caption_image says all of a scene right: every object, how they stand, and the background's colour."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.language_scenes import ShownScene, drawn_scenes, rendered_scenes
from benchmarks.tool_quality.measured import Measured, mean_of
from visgate_export.pocket.language.plain_captions import read_plain_caption

NAME = "captions"
TOOL = "caption_image"
_ALL = "objects, arrangement and colour right"
_ALL_BY_BEAMS = "the same by a search of three beams"
_ALL_DRAWN = "the same of drawings, enlarged four times"
GOALS: Mapping[str, float] = MappingProxyType({_ALL: 0.90, _ALL_BY_BEAMS: 0.90, _ALL_DRAWN: 0.90})

_SEED = 40_001


def measure(scenes: int) -> list[Measured]:
    """Captions of held-out scenes, compared with what the scenes show."""
    rendered = rendered_scenes(scenes, _SEED)
    drawn = drawn_scenes(rendered)
    return [
        mean_of(TOOL, _ALL, [_is_right(scene) for scene in rendered], GOALS),
        mean_of(TOOL, _ALL_BY_BEAMS, [_is_right(scene, beams=3) for scene in rendered], GOALS),
        mean_of(TOOL, _ALL_DRAWN, [_is_right(scene) for scene in drawn], GOALS),
    ]


def _is_right(scene: ShownScene, beams: int = 1) -> bool:
    caption = str(ask(TOOL, image=scene.picture, beams=beams).data["caption"])
    return read_plain_caption(caption) == scene.combination
