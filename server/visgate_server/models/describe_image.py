"""Describes a picture in a sentence or two, composed from four other models that it calls inside the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from visgate_server.english_counting import listed
from visgate_server.image_processing.resizing import resized
from visgate_server.model_inputs import model_call
from visgate_server.model_spec import DATA_TENSOR, ModelSpec
from visgate_server.models.classify_image import ClassifyImage
from visgate_server.models.detect_faces import DetectFaces
from visgate_server.models.detect_objects import DetectObjects
from visgate_server.models.read_text import ReadText
from visgate_server.networks import Tensors
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.scene_description import Findings, SeenLine, SeenObject, describe
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import ToolSpec, picture

CALLED = (DetectObjects.spec, DetectFaces.spec, ClassifyImage.spec, ReadText.spec)

LONGEST_SIDE = 2048
"""Pixels to which a larger picture is shrunk before it goes to the other models: four copies of 48 MB would fill the
shared memory that they travel through, and none of the four sees more of a picture at once."""

DESCRIBE_IMAGE = ToolSpec(
    name="describe_image",
    title="Describe Photo",
    description=(
        "Describes a picture in a sentence or two: the objects in it with their number and place, human faces, the "
        "most likely label of the whole, and text that can be read. The sentence is composed from what "
        "detect_objects, detect_faces, classify_image and read_text find, and says so; data has the parts. It is no "
        "captioning network: it tells no actions, relations, colours or moods, and leaves out what is uncertain."
    ),
    arguments=(picture(description="The picture to describe."),),
    examples=(
        "describe the picture",
        "what does this photo show",
        "tell me about this image",
        "give me a caption for the photo",
        "what is going on here",
        "what can you see in the picture",
        "summarise what is in the image",
        "explain this picture to a blind person",
    ),
    source="sentences made of what four other tools find",
)


@dataclass(frozen=True)
class _Shrunk:
    """The picture as the other models get it, and how many given pixels one of its pixels stands for."""

    image: Image
    factor: float


class DescribeImage(ToolModel[_Shrunk]):
    """Calls its four models for all pictures at once, so that those batch and run beside each other."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="describe_image",
        summary="A description composed from objects, faces, label and text",
        tools=(DESCRIBE_IMAGE,),
        calls=tuple(spec.name for spec in CALLED),
        max_batch_size=min(spec.max_batch_size for spec in CALLED),
        # Triton warms a model up while others still load, when they may not answer yet.
        warmup_sides=(),
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._call_models = call_models

    def preprocess(self, request: ToolRequest) -> Prepared[_Shrunk]:
        shrunk = _shrunk(request.image())
        return Prepared({"picture": boxed(shrunk.image)}, shrunk)

    def run(self, batch: Tensors) -> Tensors:
        pictures: list[Image] = [unboxed(cell) for cell in batch["picture"]]
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for row, image in enumerate(pictures):
            by_shape.setdefault(image.shape, []).append(row)
        groups = list(by_shape.values())
        calls = [
            model_call(spec, {"IMAGE": np.stack([pictures[row] for row in rows])}, (DATA_TENSOR,))
            for rows in groups
            for spec in CALLED
        ]
        answers = iter(self._call_models(calls))
        parts: list[dict[str, Any]] = [{} for _ in pictures]
        for rows in groups:
            for spec in CALLED:
                for row, encoded in zip(rows, next(answers)[DATA_TENSOR][:, 0], strict=True):
                    parts[row][spec.name] = json.loads(encoded)
        return {"parts": boxed_rows(parts)}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: _Shrunk) -> ToolResponse:
        parts: Mapping[str, Any] = unboxed(outputs["parts"])
        findings = _findings(parts, request.image().shape[1], context.factor)
        description = describe(findings)
        return ToolResponse(
            text=f"{description} (Composed from what {_listed_calls()} found; nothing else looked at the picture.)",
            data={
                "description": description,
                "composed_from": [spec.name for spec in CALLED],
                "objects": [
                    {"label": thing.label, "score": thing.score, "box": [round(side) for side in thing.box]}
                    for thing in findings.objects
                ],
                "faces": len(findings.face_scores),
                "label": dict(zip(("label", "probability"), findings.label, strict=True)) if findings.label else None,
                "text": "\n".join(line.text for line in findings.quotable),
            },
        )


def _shrunk(image: Image) -> _Shrunk:
    height, width, _ = image.shape
    factor = max(1.0, max(height, width) / LONGEST_SIDE)
    if factor == 1.0:
        return _Shrunk(image, factor)
    return _Shrunk(resized(image, max(1, round(width / factor)), max(1, round(height / factor))), factor)


def _listed_calls() -> str:
    return listed([spec.name for spec in CALLED])


def _findings(parts: Mapping[str, Any], width: int, factor: float) -> Findings:
    """What the called models' data says, with boxes in pixels of the given picture."""
    labels = parts[ClassifyImage.spec.name]["labels"]
    return Findings(
        width=width,
        objects=tuple(
            SeenObject(found["label"], found["score"], tuple(side * factor for side in found["box"]))
            for found in parts[DetectObjects.spec.name]["objects"]
        ),
        face_scores=tuple(face["score"] for face in parts[DetectFaces.spec.name]["faces"]),
        label=(labels[0]["label"], labels[0]["probability"]) if labels else None,
        lines=tuple(SeenLine(line["text"], line["score"]) for line in parts[ReadText.spec.name]["lines"]),
    )
