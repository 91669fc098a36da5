"""Finds the object that words name, in what the finder in its folder knows by the words themselves, else in photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from visgate_server.drawing.marks import Mark, box_corners, draw_marks
from visgate_server.drawing.strokes import colour_of
from visgate_server.drawn_scenes import looks_drawn
from visgate_server.errors import InvalidArgumentError
from visgate_server.image_processing.cutting_out import cut_out, tinted
from visgate_server.model_spec import ModelSpec
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.person_mask import PersonMask
from visgate_server.models.segmentation import Segmentation
from visgate_server.networks import Tensors
from visgate_server.object_finding.answers import sentence
from visgate_server.object_finding.detector_finder import DetectorFinder
from visgate_server.object_finding.finder import Finder, Look, Sighting
from visgate_server.object_finding.finder_files import MASK_NETWORK, PROFILE_FILE, VISION_NETWORK
from visgate_server.object_finding.finders import open_finder
from visgate_server.object_finding.found_object import FoundObject
from visgate_server.object_finding.spoken_object import SpokenObject, read_object
from visgate_server.object_finding.tools import FIND_OBJECT, SEGMENT_OBJECT
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind

MAX_WORDS = 200
"""Characters of what is looked for; more is a story, no thing."""


@dataclass(frozen=True, eq=False)
class _Row:
    """A row, and whether the finder in the model's folder knows what it shows."""

    look: Look
    by_words: bool


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
        # What every finder has; it opens what it has beyond that, and says what is missing.
        networks=(PROFILE_FILE, VISION_NETWORK, MASK_NETWORK),
        calls=(Segmentation.spec.name, DetectObjects.spec.name, PersonMask.spec.name),
        max_batch_size=DetectObjects.spec.max_batch_size,
        # Triton warms a model up while others still load, when those that it calls may not answer yet.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._by_words: Finder = open_finder(folder, call_models)
        self._in_photos: Finder = DetectorFinder(call_models)
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
        by_words = not self._by_words.drawn_only or looks_drawn(image)
        return Prepared({"row": boxed(_Row(Look(image, spoken), by_words))}, spoken)

    def run(self, batch: Tensors) -> Tensors:
        rows: list[_Row] = [unboxed(cell) for cell in batch["row"]]
        by_words = iter(self._by_words.see([row.look for row in rows if row.by_words]))
        in_photos = iter(self._in_photos.see([row.look for row in rows if not row.by_words]))
        return {"seen": boxed_rows([next(by_words if row.by_words else in_photos) for row in rows])}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: SpokenObject) -> ToolResponse:
        image = request.image()
        seen: Sighting = unboxed(outputs["seen"])
        return self._answer[request.text("operation")](image, context, seen.found(Look(image, context)))


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
