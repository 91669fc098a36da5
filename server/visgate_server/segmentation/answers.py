"""Puts what a class map and a map of parts say into words, data and pictures; runs no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.english_counting import listed, numeral
from visgate_server.segmentation.labels import SegmentationLabels
from visgate_server.segmentation.part_colours import part_colours
from visgate_server.segmentation.part_regions import part_regions
from visgate_server.segmentation.parts import PartMap
from visgate_server.segmentation.regions import Region, colour_map, regions_of, tinted
from visgate_server.tool_model import Image, ToolResponse

MOST_NAMED = 12
"""Parts that a sentence names, the largest; data has all of them."""


def kinds_answer(image: Image, classes: NDArray[np.int64], known: SegmentationLabels) -> ToolResponse:
    """What there is, each kind in its colour."""
    regions = regions_of(classes, known.names, known.colours, without=known.background)
    painted = colour_map(classes, known.colours)
    is_thing = np.ones(classes.shape, np.bool_) if known.background is None else classes != known.background
    return ToolResponse(
        _kinds_sentence(regions),
        {"labels": _entries(regions), "background_share": round(1.0 - float(is_thing.mean()), 4)},
        {"PICTURE": painted, "OVERLAY": tinted(image, painted, is_thing, regions)},
    )


def parts_answer(image: Image, parts: PartMap, classes: NDArray[np.int64], known: SegmentationLabels) -> ToolResponse:
    """Every part in a colour of its own, with the name of the kind that most of it is."""
    colours = part_colours(int(parts.max()))
    regions = part_regions(parts, classes, known, colours)
    painted = colour_map(parts, ((0, 0, 0), *colours))
    return ToolResponse(
        _parts_sentence(regions),
        {"parts": _entries(regions), "unassigned_share": round(float((parts == 0).mean()), 4)},
        {"PICTURE": painted, "OVERLAY": tinted(image, painted, parts > 0, regions)},
    )


def _entries(regions: Sequence[Region]) -> list[dict[str, Any]]:
    return [
        {
            "label": region.label,
            "share": round(region.share, 4),
            "box": list(region.box),
            "colour": list(region.colour),
        }
        for region in regions
    ]


def _kinds_sentence(regions: Sequence[Region]) -> str:
    if not regions:
        return "Nothing but background was found; the objects that this tool knows are those of the drawing tools."
    return f"The picture consists of: {', '.join(f'{region.label} ({region.share:.1%})' for region in regions)}."


def _parts_sentence(regions: Sequence[Region]) -> str:
    if not regions:
        return "No part was found that stands out; the objects that this tool knows are those of the drawing tools."
    named = listed([f"{region.label or 'something unknown'} ({region.share:.1%})" for region in regions[:MOST_NAMED]])
    count = f"{numeral(len(regions))} {'part' if len(regions) == 1 else 'parts'}"
    return f"The picture has {count}{', the largest of them' if len(regions) > MOST_NAMED else ''}: {named}."
