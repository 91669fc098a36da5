"""How often classify_image names what photographs show, which it was trained for, and emoji, which it was not.

The photographs' labels are those of ImageNet's that fit what is in their middle, written down by hand: a cat is a
tabby, a tiger cat or an Egyptian cat, a cup of coffee an espresso, a cup or a coffee mug.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.photo_views import views
from benchmarks.tool_quality.photographs import known_photographs, photograph
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.sprites import read_sprites

NAME = "classification"
TOOL = "classify_image"
FIRST = "a label that fits is the first, four photographs in seven versions of each"
AMONG_FIVE = "a label that fits is among the first five, the same photographs"
DRAWN = "a label that fits an emoji drawn large among the first five (it was trained on photographs)"
GOALS: Mapping[str, float] = MappingProxyType({})

_SEED = 60_006
_DRAWN_SHARE = 4
"""One emoji for so many scenes: enlarging costs more than what is measured."""
_FRAMED = "in a frame"
_ROCKET = ("missile", "projectile", "space shuttle")

EMOJI_LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "airplane": ("airliner", "warplane"),
        "apple": ("Granny Smith",),
        "balloon": ("balloon",),
        "banana": ("banana",),
        "boat": ("yawl", "schooner", "catamaran", "trimaran"),
        "bus": ("minibus", "school bus", "trolleybus"),
        "butterfly": ("monarch", "admiral", "cabbage butterfly", "sulphur butterfly", "ringlet", "lycaenid"),
        "car": ("sports car", "cab", "convertible", "minivan", "beach wagon", "racer", "jeep"),
        "cat": ("tabby", "tiger cat", "Egyptian cat", "Persian cat", "Siamese cat"),
        "clock": ("analog clock", "wall clock", "stopwatch"),
        "cup": ("cup", "coffee mug", "espresso"),
        "fish": ("goldfish", "rock beauty", "anemone fish", "puffer", "coho", "tench"),
        "guitar": ("electric guitar", "acoustic guitar"),
        "mushroom": ("mushroom", "agaric"),
        "pizza": ("pizza",),
        "rocket": _ROCKET,
        "soccer ball": ("soccer ball",),
        "sofa": ("studio couch",),
        "strawberry": ("strawberry",),
        "turtle": ("box turtle", "mud turtle", "terrapin", "loggerhead", "leatherback turtle"),
        "umbrella": ("umbrella",),
    }
)
"""ImageNet's words for the scenes' objects that it has some for."""


def measure(scenes: int) -> list[Measured]:
    """Names four photographs in seven versions each, and one large emoji for every four scenes."""
    shown = [(photo.picture, photo.labels) for photo in known_photographs() if photo.labels]
    shown.append((photograph("rocket"), _ROCKET))
    # The network sees the middle of a picture: of one in the corner of a frame it would see little but grey.
    answers = [
        (_labels(view.picture), fitting)
        for picture, fitting in shown
        for view in views(picture)
        if view.change != _FRAMED
    ]
    drawn = _drawn(max(1, scenes // _DRAWN_SHARE))
    return [
        mean_of(TOOL, FIRST, [_fits(labels[:1], fitting) for labels, fitting in answers], GOALS),
        mean_of(TOOL, AMONG_FIVE, [_fits(labels, fitting) for labels, fitting in answers], GOALS),
        mean_of(TOOL, DRAWN, [_fits(_labels(picture), EMOJI_LABELS[name]) for name, picture in drawn], GOALS),
    ]


def _drawn(count: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """Scenes with one object in the middle, enlarged four times, and its name."""
    renderer = SceneRenderer(read_sprites())
    alone = (scene for scene in scenes(_SEED, held_out=True, pairs=0.0) if _is_known(scene))
    return [
        (scene.combination.objects[0], ask("upscale_image", image=renderer.picture(scene)).pictures["PICTURE"])
        for scene in islice(alone, count)
    ]


def _is_known(scene: Scene) -> bool:
    return scene.combination.arrangement == "centre" and scene.combination.objects[0] in EMOJI_LABELS


def _labels(picture: NDArray[np.uint8]) -> list[str]:
    return [str(entry["label"]) for entry in ask(TOOL, image=picture).data["labels"]]


def _fits(labels: Sequence[str], fitting: Sequence[str]) -> bool:
    """Whether one of the labels is one that fits; ImageNet's have synonyms after commas."""
    return any(word.strip() in fitting for label in labels for word in label.split(","))
