"""Reads what a person looks for: the thing, its COCO label if it has one, and where it is; looks at no picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from visgate_server.coco_labels import COCO_LABELS
from visgate_server.english_counting import plural

_SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "person": (
            "man", "woman", "boy", "girl", "child", "kid", "baby", "lady", "guy", "gentleman", "human", "people", "men",
            "women", "children", "somebody", "someone", "human being", "astronaut", "player", "driver", "rider",
        ),
        "bicycle": ("bike", "cycle"),
        "car": ("automobile", "auto", "taxi", "cab"),
        "motorcycle": ("motorbike", "moped", "scooter"),
        "airplane": ("plane", "aeroplane", "aircraft", "jet"),
        "bus": ("coach",),
        "truck": ("lorry", "pickup"),
        "boat": ("ship", "sailboat", "sailing boat", "canoe"),
        "traffic light": ("traffic lights", "stoplight"),
        "fire hydrant": ("hydrant",),
        "cat": ("kitten", "kitty"),
        "dog": ("puppy",),
        "horse": ("pony",),
        "cow": ("cattle", "bull"),
        "backpack": ("rucksack",),
        "handbag": ("purse", "bag"),
        "tie": ("necktie",),
        "suitcase": ("luggage",),
        "sports ball": ("ball", "soccer ball", "football", "basketball", "tennis ball"),
        "wine glass": ("wineglass", "glass"),
        "cup": ("mug", "coffee cup", "teacup", "cup of coffee", "coffee", "espresso"),
        "donut": ("doughnut",),
        "couch": ("sofa", "settee"),
        "potted plant": ("plant", "pot plant", "houseplant"),
        "dining table": ("table", "desk"),
        "tv": ("television", "tv set", "monitor", "screen", "television set"),
        "laptop": ("notebook computer", "computer"),
        "mouse": ("computer mouse",),
        "remote": ("remote control",),
        "cell phone": ("mobile phone", "phone", "smartphone", "telephone", "cellphone", "mobile"),
        "microwave": ("microwave oven",),
        "refrigerator": ("fridge",),
        "clock": ("watch", "alarm clock"),
        "teddy bear": ("teddy", "stuffed animal"),
        "hair drier": ("hair dryer", "hairdryer", "blow dryer"),
        "orange": ("orange fruit",),
    }
)  # fmt: skip
"""What people call COCO's classes beside their names."""

_LABEL_OF: Mapping[str, str] = MappingProxyType(
    {
        word: label
        for label in COCO_LABELS
        for name in (label, *_SYNONYMS.get(label, ()))
        for word in (name, plural(name))
    }
)

_PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "left": ("left", "leftmost", "left-hand"),
        "right": ("right", "rightmost", "right-hand"),
        "top": ("top", "upper", "uppermost", "topmost"),
        "bottom": ("bottom", "lower", "lowest", "lowermost"),
        "middle": ("middle", "centre", "center", "central"),
        "largest": ("biggest", "largest"),
        "smallest": ("smallest",),
    }
)
_PLACE_OF: Mapping[str, str] = MappingProxyType({word: place for place, words in _PLACES.items() for word in words})

_OPENING = re.compile(r"^(?:please\s+)?(?:find|locate|show me|show|where is|where are|segment|mark|detect)\s+", re.I)
_ARTICLE = re.compile(r"^(?:the|a|an|this|that|these|those|some|my|his|her|their|one)\s+", re.I)
_ENDING = re.compile(
    r"\s+(?:in|of|from|on)\s+(?:the|this|that)\s+(?:picture|image|photo|photograph|scene|drawing)$", re.I
)
_PLACED = re.compile(
    r"[\s,]+(?:(?:which|that)\s+is\s+)?(?:on|at|to|in|near)\s+(?:the\s+)?(?:very\s+)?"
    r"(?:left|right|top|bottom|middle|centre|center)(?:[\s-]+hand)?(?:\s+side)?$",
    re.I,
)
# What stands behind these words tells which one is meant, not what it is.
_RELATION = re.compile(
    r"\s+(?:left of|to the left of|right of|to the right of|above|below|under|over|next to|beside|behind|with|that|"
    r"which|who|on|in|near)\s+.*$",
    re.I,
)


@dataclass(frozen=True)
class SpokenObject:
    """What is looked for.

    Attributes:
        name: the thing without article and place, as it was said: "old cat".
        said: the whole text, tidied: "the old cat on the left".
        label: COCO's name for it; None if COCO has none.
        place: `left`, `right`, `top`, `bottom`, `middle`, `largest` or `smallest`; None where none was said.
    """

    name: str
    said: str
    label: str | None
    place: str | None


def read_object(text: str) -> SpokenObject:
    """What a text such as "the old cat on the left" looks for; its name is empty where the text is."""
    said = _OPENING.sub("", " ".join(text.split()).strip(" .!?,;:\"'“”‘’"))
    said = _ENDING.sub("", said)
    name, place = said, None
    if placed := _PLACED.search(name):
        place = next(_PLACE_OF[word] for word in re.split(r"[\s-]+", placed.group().lower()) if word in _PLACE_OF)
        name = name[: placed.start()]
    name = _ARTICLE.sub("", _RELATION.sub("", name))
    first, _, rest = name.partition(" ")
    if rest and first.lower() in _PLACE_OF:
        place, name = _PLACE_OF[first.lower()], rest
    return SpokenObject(name, said, _coco_label(name), place)


def _coco_label(name: str) -> str | None:
    """The label that a noun phrase ends in: "big brown teddy bear" is a teddy bear, no bear."""
    words = re.findall(r"[a-z-]+", name.lower())
    endings = (" ".join(words[start:]) for start in range(len(words)))
    return next((_LABEL_OF[ending] for ending in endings if ending in _LABEL_OF), None)
