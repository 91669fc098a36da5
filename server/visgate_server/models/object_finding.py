"""Finds the object that words name, in drawn scenes by the words themselves, in photos by way of the detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.marks import Mark, box_corners, draw_marks
from visgate_server.drawing.strokes import colour_of
from visgate_server.drawn_scenes import looks_drawn
from visgate_server.errors import InvalidArgumentError
from visgate_server.image_processing.cutting_out import cut_out, tinted
from visgate_server.image_processing.guided_filter import fit_to_edges
from visgate_server.image_processing.mask_cleaning import clean_mask, without_haze
from visgate_server.image_processing.square_windows import Plane, Window, merged, windows_of
from visgate_server.model_spec import ModelSpec
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.person_mask import PersonMask
from visgate_server.models.segmentation import Segmentation
from visgate_server.networks import Tensors
from visgate_server.object_finding.answers import sentence
from visgate_server.object_finding.detector_calls import detect, people
from visgate_server.object_finding.found_object import FoundObject, Way, boxes_of_parts
from visgate_server.object_finding.photo_finder import PERSON, Detected, chosen, within_boxes
from visgate_server.object_finding.photo_finder import cut_out as cut_objects
from visgate_server.object_finding.second_opinion import SeenScene, see_scenes
from visgate_server.object_finding.spoken_object import SpokenObject, read_object
from visgate_server.object_finding.text_finder import MASK_NETWORK, TEXT_NETWORK, VISION_NETWORK, TextFinder
from visgate_server.object_finding.tools import FIND_OBJECT, SEGMENT_OBJECT
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind

MAX_WORDS = 200
"""Characters of what is looked for; more is a story, no thing."""

PERSON_THRESHOLD = 0.5

_MERGED_SIDE = 192
_SCENE_SIDE = 128
_LEAST_PART = 0.15
"""Parts of a mask that are smaller than this share of the largest get no box of their own."""


@dataclass(frozen=True, eq=False)
class _Look:
    """A row on its way: the picture, what is looked for in it, and the parts of it that the network sees."""

    image: Image
    spoken: SpokenObject
    by_words: bool
    windows: tuple[Window, ...] = ()

    def merged(self, planes: list[Plane]) -> Plane:
        """A plane a window as one plane in the picture's proportions."""
        height, width, _ = self.image.shape
        return merged(planes, self.windows, width, height, min(_MERGED_SIDE, max(width, height)))


@dataclass(frozen=True, eq=False)
class _ByWords:
    """What the network said of a row."""

    mask: Plane
    score: float
    is_there: bool
    others: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _InPhoto:
    """What the detector said of a row.

    Attributes:
        wanted: what was asked for.
        others: labels of everything else.
        people: where people are, if they were asked for.
    """

    wanted: list[Detected]
    others: tuple[str, ...]
    people: NDArray[np.uint8] | None = field(default=None)


class ObjectFinding(ToolModel[SpokenObject]):
    """Tells drawings from photos, and sends each row the way that knows it."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="object_finding",
        summary="Finds and masks what words name (CLIPSeg and UperNet; photos: CenterNet and GrabCut)",
        tools=(FIND_OBJECT, SEGMENT_OBJECT),
        bound=(
            Argument(
                "operation",
                ArgumentKind.TEXT,
                "Which tool asked.",
                default="find",
                choices=("find", "segment"),
            ),
        ),
        networks=(TEXT_NETWORK, VISION_NETWORK, MASK_NETWORK),
        calls=(Segmentation.spec.name, DetectObjects.spec.name, PersonMask.spec.name),
        max_batch_size=DetectObjects.spec.max_batch_size,
        response_cache=False,
        # Triton warms a model up while others still load, when those that it calls may not answer yet.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._finder = TextFinder(folder)
        self._call_models = call_models
        self._answer: Mapping[str, Callable[[Image, SpokenObject, FoundObject], ToolResponse]] = {
            "find": _boxed,
            "segment": _masked,
        }

    def preprocess(self, request: ToolRequest) -> Prepared[SpokenObject]:
        text = request.text("object")
        if len(text) > MAX_WORDS:
            raise InvalidArgumentError(
                f"input OBJECT has {len(text)} characters: name the thing in at most {MAX_WORDS}"
            )
        spoken, image = read_object(text), request.image()
        if not spoken.name:
            raise InvalidArgumentError("input OBJECT names nothing: say which thing to find, for example 'cat'")
        by_words = not self._finder.profile.drawn_only or looks_drawn(image)
        windows = windows_of(image.shape[1], image.shape[0]) if by_words else ()
        return Prepared({"look": boxed(_Look(image, spoken, by_words, windows))}, spoken)

    def run(self, batch: Tensors) -> Tensors:
        looks: list[_Look] = [unboxed(cell) for cell in batch["look"]]
        by_words = iter(self._by_words([look for look in looks if look.by_words]))
        in_photos = iter(self._in_photos([look for look in looks if not look.by_words]))
        return {"seen": boxed_rows([next(by_words if look.by_words else in_photos) for look in looks])}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: SpokenObject) -> ToolResponse:
        image, seen = request.image(), unboxed(outputs["seen"])
        found = self._mask_of_words(image, seen) if isinstance(seen, _ByWords) else _mask_in_photo(image, context, seen)
        return self._answer[request.text("operation")](image, context, found)

    def _by_words(self, looks: list[_Look]) -> list[_ByWords]:
        """Every window of every picture in one run of the vision network, every text read once."""
        if not looks:
            return []
        finder = self._finder
        views = [window.view(look.image, finder.profile.side) for look in looks for window in look.windows]
        embeddings = finder.embed([look.spoken.said for look in looks])
        of_view = [row for row, look in enumerate(looks) for _ in look.windows]
        masks = finder.masks(finder.look(np.stack(views)), embeddings[of_view])
        parts = [window.part(look.image) for look in looks for window in look.windows]
        scenes = see_scenes(parts, self._call_models) if finder.profile.drawn_only else []
        result = []
        for row, look in enumerate(looks):
            own = [view for view, owner in enumerate(of_view) if owner == row]
            word = finder.word_of(embeddings[row])
            mask = look.merged([masks[view] for view in own])
            seen = [scenes[view] for view in own] if self._know(scenes, own) else []
            names = dict.fromkeys(name for scene in seen for name in scene.names)
            if seen and word is not None:
                # Of a thing known by name, the mean of what both networks say.
                mask = (mask + look.merged([scene.plane(word, _SCENE_SIDE) for scene in seen])) / 2
            others = tuple(name for name in names if name != word)
            result.append(_ByWords(mask, finder.score(mask), finder.is_there(mask), others))
        return result

    def _know(self, scenes: list[SeenScene], own: list[int]) -> bool:
        """Whether the segmentation network was asked, and knows drawn scenes' things and no others."""
        return bool(scenes) and all(set(scenes[view].names) <= set(self._finder.profile.words) for view in own)

    def _in_photos(self, looks: list[_Look]) -> list[_InPhoto]:
        detected = detect([look.image for look in looks], self._call_models)
        wanted = [
            chosen(found, look.spoken, look.image.shape[1], look.image.shape[0])
            for look, found in zip(looks, detected, strict=True)
        ]
        with_people = [row for row, own in enumerate(wanted) if own and own[0].label == PERSON]
        images = [looks[row].image for row in with_people]
        masks = people(images, [PERSON_THRESHOLD] * len(images), self._call_models)
        mask_of = {row: found.mask for row, found in zip(with_people, masks, strict=True)}
        return [
            _InPhoto(own, tuple(one.label for one in found if one not in own), mask_of.get(row))
            for row, (own, found) in enumerate(zip(wanted, detected, strict=True))
        ]

    def _mask_of_words(self, image: Image, seen: _ByWords) -> FoundObject:
        nothing = np.zeros(image.shape[:2], np.uint8)
        way = Way.BY_WORDS_IN_SCENE if self._finder.profile.drawn_only else Way.BY_WORDS
        if not seen.is_there:
            return FoundObject(nothing, (), seen.score, way, seen.others)
        mask = without_haze(fit_to_edges(clean_mask(seen.mask, self._finder.profile.threshold), image))
        return FoundObject(mask, boxes_of_parts(mask, _LEAST_PART), seen.score, way, seen.others)


def _mask_in_photo(image: Image, spoken: SpokenObject, seen: _InPhoto) -> FoundObject:
    if not seen.wanted:
        nothing = np.zeros(image.shape[:2], np.uint8)
        known = spoken.label is not None
        return FoundObject(nothing, (), 0.0, Way.DETECTED_AND_CUT, seen.others, known)
    boxes, score = tuple(one.box for one in seen.wanted), seen.wanted[0].score
    if seen.people is not None and (mask := within_boxes(seen.people, seen.wanted)).any():
        return FoundObject(mask, boxes, score, Way.DETECTED_PERSON, seen.others)
    return FoundObject(cut_objects(image, seen.wanted), boxes, score, Way.DETECTED_AND_CUT, seen.others)


def _boxed(image: Image, spoken: SpokenObject, found: FoundObject) -> ToolResponse:
    label = spoken.name.encode("ascii", "replace").decode()
    marks = [Mark(box_corners(box), label, colour_of(index)) for index, box in enumerate(found.boxes)]
    return ToolResponse(sentence(spoken, found), found.data(), {"PICTURE": draw_marks(image, marks)})


def _masked(image: Image, spoken: SpokenObject, found: FoundObject) -> ToolResponse:
    pictures = {
        "MASK": found.mask[..., None],
        "OVERLAY": tinted(image, found.mask),
        "CUTOUT": cut_out(image, found.mask),
    }
    return ToolResponse(sentence(spoken, found), found.data(), pictures)
