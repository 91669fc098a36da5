"""Cuts out what a picture is of: a scene's objects, a photo's people, or its most prominent thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawn_scenes import looks_drawn
from visgate_server.english_counting import listed
from visgate_server.errors import InvalidArgumentError
from visgate_server.image_processing.cutting_out import cut_out
from visgate_server.image_processing.guided_filter import fit_to_edges
from visgate_server.image_processing.mask_cleaning import without_haze
from visgate_server.image_processing.mask_extent import box_around, covered_share
from visgate_server.image_processing.object_cutting import cut_out_of_box
from visgate_server.image_processing.resizing import resized
from visgate_server.model_spec import ModelSpec
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.person_mask import THRESHOLD, PersonMask
from visgate_server.models.segmentation import Segmentation
from visgate_server.networks import Tensors
from visgate_server.object_finding.detector_calls import detect, people
from visgate_server.object_finding.photo_finder import most_prominent
from visgate_server.object_finding.second_opinion import see_scenes
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.spoken_places import box_in_words
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import PictureOutput, ToolSpec, picture

_MOST_PROMINENT = (
    "where there are none, the most prominent of COCO's 80 everyday things (animals, vehicles, furniture, food …), "
    "whose outline is then less exact. Returns the cut-out (RGBA, of the given picture's size) and the mask; data has "
    "kept (what was kept), way, share (0–1) and box (x1, y1, x2, y2 in pixels). A picture in which it finds none of "
    "these is refused. To cut out a thing by name use segment_object."
)

REMOVE_BACKGROUND = ToolSpec(
    name="remove_background",
    title="Remove the background",
    description=(
        "Cuts out what a picture is of: everything else becomes transparent. It keeps the people, or, "
        f"{_MOST_PROMINENT}"
    ),
    # The full profile's segmentation knows no background, so there nothing tells a drawn scene's objects from it.
    pocket_description=(
        "Cuts out what a picture is of: everything else becomes transparent. Of a drawn scene it keeps all objects; of "
        f"a photo the people, or, {_MOST_PROMINENT}"
    ),
    arguments=(picture(), THRESHOLD),
    pictures=(
        PictureOutput("CUTOUT", "What was kept, on a transparent background.", channels=4),
        PictureOutput("MASK", "255 where the picture was kept, 0 where it was removed.", channels=1),
    ),
    examples=(
        "remove the background",
        "cut out the person",
        "make the background transparent",
        "erase everything behind her",
        "isolate the subject from its background",
        "give me a cut-out without the backdrop",
        "delete the background of this portrait",
    ),
    source="this project's segmentation network for drawn scenes; photos: selfie segmentation, CenterNet and GrabCut",
)


class _Way(Enum):
    """How what is kept was found, in the words of the answer."""

    SCENE = "segmentation"
    PEOPLE = "person_mask"
    THING = "detect_objects+grabcut"


@dataclass(frozen=True, eq=False)
class _Subject:
    """What a picture is of.

    Attributes:
        mask: UINT8 [height, width], 0–255.
        kept: its names.
    """

    mask: NDArray[np.uint8]
    kept: tuple[str, ...]
    way: _Way


@dataclass(frozen=True, eq=False)
class _Look:
    """A row on its way."""

    image: Image
    threshold: float
    drawn: bool


class BackgroundRemoval(ToolModel[None]):
    """Asks the model that knows the picture's kind for a mask: first of people, then of things."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="background_removal",
        summary="What a picture is of, cut out (composed of other models, GrabCut)",
        tools=(REMOVE_BACKGROUND,),
        calls=(Segmentation.spec.name, PersonMask.spec.name, DetectObjects.spec.name),
        max_batch_size=DetectObjects.spec.max_batch_size,
        # Triton warms a model up while others still load, when those that it calls may not answer yet.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._call_models = call_models

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        image = request.image()
        return Prepared({"look": boxed(_Look(image, request.number("threshold"), looks_drawn(image)))}, None)

    def run(self, batch: Tensors) -> Tensors:
        looks: list[_Look] = [unboxed(cell) for cell in batch["look"]]
        subjects: dict[int, _Subject] = {}
        drawn = [row for row, look in enumerate(looks) if look.drawn]
        subjects.update(zip(drawn, self._scenes([looks[row].image for row in drawn]), strict=True))
        # A scene without objects, and a photo with a floor like a scene's, are looked at as photos.
        photos = [row for row in range(len(looks)) if row not in subjects or not subjects[row].mask.any()]
        images = [looks[row].image for row in photos]
        found = people(images, [looks[row].threshold for row in photos], self._call_models)
        for row, seen in zip(photos, found, strict=True):
            subjects[row] = _Subject(seen.mask, ("person",) if seen.score > 0 else (), _Way.PEOPLE)
        others = [row for row in photos if not (subjects[row].mask > 127).any()]
        for row, things in zip(others, detect([looks[row].image for row in others], self._call_models), strict=True):
            thing = most_prominent(things)
            if thing is not None:
                mask = cut_out_of_box(looks[row].image, thing.box)
                subjects[row] = _Subject(mask, (thing.label,), _Way.THING)
        return {"subject": boxed_rows([subjects[row] for row in range(len(looks))])}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        subject: _Subject = unboxed(outputs["subject"])
        mask = subject.mask
        box = box_around(mask)
        if box is None:
            raise InvalidArgumentError(
                "nothing was found that could be cut out of this picture: remove_background keeps the objects of drawn "
                "scenes, people, and COCO's 80 everyday things; crop the picture closer to its subject"
            )
        share = covered_share(mask)
        what = "the people" if subject.way is _Way.PEOPLE else f"the {listed(subject.kept)}"
        text = f"Background removed: {what} kept cover {share:.1%} of the picture, {box_in_words(box)}."
        if subject.way is _Way.THING:
            text += " There are no people in it; this is its most prominent thing, its outline cut with GrabCut."
        data: dict[str, Any] = {
            "kept": list(subject.kept),
            "way": subject.way.value,
            "share": round(share, 4),
            "box": box,
        }
        return ToolResponse(text, data, {"CUTOUT": cut_out(request.image(), mask), "MASK": mask[..., None]})

    def _scenes(self, images: list[Image]) -> list[_Subject]:
        """All objects of each drawn scene."""
        subjects = []
        for image, scene in zip(images, see_scenes(images, self._call_models), strict=True):
            things = scene.painted.any(axis=2)
            # A network that knows no background (the full profile's) leaves nothing black: it says nothing here.
            things &= not things.all()
            mask = things.astype(np.uint8) * np.uint8(255)
            softened = _softened(resized(mask, image.shape[1], image.shape[0]), image)
            subjects.append(_Subject(softened, scene.names, _Way.SCENE))
        return subjects


def _softened(mask: NDArray[np.uint8], image: Image) -> NDArray[np.uint8]:
    """The mask with sides as soft as the picture's edges."""
    if not mask.any():
        return mask
    return without_haze(fit_to_edges(mask.astype(np.float32) / np.float32(255), image))
