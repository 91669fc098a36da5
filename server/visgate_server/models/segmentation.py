"""Names what each pixel of a picture belongs to, with UperNet."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from visgate_server.image_processing.resizing import resized
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.segmentation.class_map import class_map
from visgate_server.segmentation.labels import LABELS_FILE, read_labels
from visgate_server.segmentation.regions import Region, colour_map, regions_of, tinted
from visgate_server.tool_model import ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import PictureOutput, ToolSpec, picture

NETWORK = "segmentation.onnx"

SEGMENT_IMAGE = ToolSpec(
    name="segment_image",
    title="Segmentation On Image",
    description=(
        "Divides a whole picture into what its pixels belong to, every known kind of thing in a colour of its own. "
        "Returns the colour map, which image_from_segmentation draws from, and the picture tinted with names; data has "
        "labels: label, share (0–1), box (x1, y1, x2, y2 in pixels around all of that kind) and colour, largest first, "
        "and background_share. Two things of one kind are one label. In this profile it knows drawn scenes alone, with "
        "the objects that the drawing tools draw on a plain background: of a photo its answer is not to be trusted. "
        "For a mask of one thing that you name, use segment_object; for people in photos, segment_person."
    ),
    arguments=(picture(),),
    pictures=(
        PictureOutput("PICTURE", "The colour map: a colour a kind of thing, the background black.", exact=True),
        PictureOutput("OVERLAY", "The picture tinted in those colours, with names where they fit."),
    ),
    examples=(
        "segment the image",
        "make a segmentation map of this picture",
        "divide the picture into its parts",
        "segment everything in the image",
        "semantic segmentation of the photo",
        "colour each kind of thing in the picture differently",
        "which regions does the image consist of",
    ),
    checkpoint="openmmlab/upernet-convnext-small",
    source="trained by this project on drawn scenes",
)


class Segmentation(ToolModel[None]):
    """Stretches a picture to the network's size, and fits its answer to the picture's own edges."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="segmentation",
        summary="What each pixel belongs to (UperNet)",
        tools=(SEGMENT_IMAGE,),
        networks=(NETWORK,),
        max_batch_size=8,
        response_cache=False,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / NETWORK)
        self._labels = read_labels(folder / LABELS_FILE)

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"image": resized(request.image(), self._labels.width, self._labels.height)}, None)

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"image": batch["image"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        image, known = request.image(), self._labels
        classes = class_map(outputs["logits"], image, known.background)
        regions = regions_of(classes, known.names, known.colours, without=known.background)
        painted = colour_map(classes, known.colours)
        is_thing = np.ones(classes.shape, np.bool_) if known.background is None else classes != known.background
        labels = [
            {
                "label": region.label,
                "share": round(region.share, 4),
                "box": list(region.box),
                "colour": list(region.colour),
            }
            for region in regions
        ]
        return ToolResponse(
            _sentence(regions),
            {"labels": labels, "background_share": round(1.0 - float(is_thing.mean()), 4)},
            {"PICTURE": painted, "OVERLAY": tinted(image, painted, is_thing, regions)},
        )


def _sentence(regions: list[Region]) -> str:
    if not regions:
        return "Nothing but background was found; the objects that this tool knows are those of the drawing tools."
    return f"The picture consists of: {', '.join(f'{region.label} ({region.share:.1%})' for region in regions)}."
