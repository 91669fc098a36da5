"""How much of what is in photographs describe_image says, and whether what it says is there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photograph
from benchmarks.tool_quality.rendered_text import Style, pages

NAME = "descriptions"
TOOL = "describe_image"
SAID = "what photographs show (their thing, a face, print) that is said, seven photographs in eight versions of each"
TRUE = "things said to be there that are there, the same photographs"
QUOTED = "pages whose first line is quoted word by word"
GOALS: Mapping[str, float] = MappingProxyType({})

_FACE = "human face"
_PRINTED: Mapping[str, str] = MappingProxyType({"page": "region-based segmentation", "text": "segmentation"})
"""Words that stand on the two photographed pages."""
_SHARE = 8
_SEED = 60_010


def measure(scenes: int) -> list[Measured]:
    """Describes seven photographs in eight versions each, and one printed page for every eight scenes."""
    said, true = [], []
    for photo in known_photographs():
        facts = [photo.thing, *([_FACE] if photo.face else [])]
        for view in views(photo.picture):
            answer = ask(TOOL, image=view.picture)
            said += [fact in answer.data["description"] for fact in facts]
            true += [thing["label"] in (photo.thing, *photo.also) for thing in answer.data["objects"]]
    for name, words in _PRINTED.items():
        for view in views(photograph(name)):
            answer = ask(TOOL, image=view.picture)
            said.append(words in answer.data["text"].lower())
            true += [False for _ in answer.data["objects"]]
    printed = pages(Style(24), max(1, scenes // _SHARE), _SEED)
    quoted = [page.lines[0] in ask(TOOL, image=page.picture).data["description"] for page in printed]
    return [mean_of(TOOL, SAID, said, GOALS), mean_of(TOOL, TRUE, true, GOALS), mean_of(TOOL, QUOTED, quoted, GOALS)]
