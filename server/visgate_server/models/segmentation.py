"""Names what each pixel of a picture belongs to, with UperNet, and tells its parts from each other."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from visgate_server.image_processing.resizing import resized
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.segmentation.answers import kinds_answer, parts_answer
from visgate_server.segmentation.class_map import class_map
from visgate_server.segmentation.labels import LABELS_FILE, read_labels
from visgate_server.segmentation.part_finders import open_part_finder
from visgate_server.segmentation.parts import PartFinder, SeenParts
from visgate_server.segmentation.tools import BY_PART, DIVIDE_BY, SEGMENT_IMAGE
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse

NETWORK = "segmentation.onnx"


class Segmentation(ToolModel[None]):
    """Stretches a picture to the network's size, and fits its answer to the picture's own edges."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="segmentation",
        summary="What each pixel belongs to (UperNet), and which parts there are",
        tools=(SEGMENT_IMAGE,),
        # Beside it lies SAM in the full profile; whatever finds the parts says itself what is missing.
        networks=(NETWORK,),
        max_batch_size=8,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / NETWORK)
        self._labels = read_labels(folder / LABELS_FILE)
        self._parts: PartFinder = open_part_finder(folder)

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        image = request.image()
        by_part = request.text(DIVIDE_BY.name) == BY_PART
        seen = resized(image, self._labels.width, self._labels.height)
        return Prepared({"image": seen, "whole": boxed(image if by_part else None)}, None)

    def run(self, batch: Tensors) -> Tensors:
        pictures: list[Image | None] = [unboxed(cell) for cell in batch["whole"]]
        parts = iter(self._parts.see([picture for picture in pictures if picture is not None]))
        seen = [None if picture is None else next(parts) for picture in pictures]
        return {**self._network.run({"image": batch["image"]}), "parts": boxed_rows(seen)}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        image, known = request.image(), self._labels
        classes = class_map(outputs["logits"], image, known.background)
        seen: SeenParts | None = unboxed(outputs["parts"])
        if seen is None:
            return kinds_answer(image, classes, known)
        return parts_answer(image, seen.laid_out(classes, known.background), classes, known)
