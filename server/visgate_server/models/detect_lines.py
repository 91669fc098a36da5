"""Straight line segments with M-LSD."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np

from visgate_server.image_processing.line_segments import Segments, decode_segments, without_repeats
from visgate_server.image_processing.resizing import resized
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

INPUT_SIDE = 512
MAP_SIDE = 256
MAX_SEGMENTS = 200
"""As many as M-LSD's own decoder keeps."""

REPEAT_DISTANCE = 2.5
"""In cells of the map, so 5 pixels of the network's 512: segments that close to a stronger one show the same line."""

DETECT_LINES = ToolSpec(
    name="detect_lines",
    title="Line Detection On Image",
    description=(
        "Finds straight line segments (M-LSD): edges of walls, buildings, furniture, roads, printed rules. Returns a "
        "picture of white lines on black, and data.lines: a list of ends (x1, y1, x2, y2 in pixels of the given "
        f"picture), score (0–1) and length (pixels), strongest first, at most {MAX_SEGMENTS}. It finds no curves and "
        "no text, and does not say what a line belongs to."
    ),
    arguments=(
        picture(),
        Argument(
            "threshold",
            ArgumentKind.NUMBER,
            "Score from which a line counts; higher returns fewer, surer lines.",
            default=0.1,
            minimum=0.0,
            maximum=1.0,
        ),
        Argument(
            "min_length",
            ArgumentKind.NUMBER,
            "Shorter lines are left out; a share of the picture's longer side (0.05 is 5 %).",
            default=0.04,
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    pictures=(PictureOutput("LINES", "White lines on black.", channels=1),),
    examples=(
        "find the straight lines",
        "detect line segments in the picture",
        "line detection on the image",
        "where are the straight edges of the building",
        "mlsd lines",
        "draw the straight structure lines of this room",
        "trace the walls and window frames as lines",
    ),
    source="M-LSD large (jp.keijiro.mlsd, npm)",
)


class DetectLines(ToolModel[None]):
    """Looks at the picture stretched to a square, as M-LSD was trained, and maps the segments back."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="detect_lines",
        summary="Straight line segments (M-LSD large)",
        tools=(DETECT_LINES,),
        networks=("mlsd.onnx",),
        max_batch_size=4,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "mlsd.onnx")

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"image": resized(request.image(), INPUT_SIDE, INPUT_SIDE)}, None)

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"image": batch["image"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        height, width, _ = request.image().shape
        found = decode_segments(
            outputs["scores"][..., 0],
            outputs["offsets"],
            threshold=request.number("threshold"),
            count=MAX_SEGMENTS,
        )
        segments = without_repeats(found, REPEAT_DISTANCE).scaled(width / MAP_SIDE, height / MAP_SIDE)
        segments = segments.select(segments.lengths >= request.number("min_length") * max(height, width))
        return ToolResponse(
            text=_sentence(segments),
            data={"lines": _entries(segments)},
            pictures={"LINES": _drawing(segments, height, width)},
        )


def _sentence(segments: Segments) -> str:
    count = len(segments.scores)
    if not count:
        return "No straight line found; a lower threshold or min_length would let weaker or shorter ones through."
    x1, y1, x2, y2 = np.rint(segments.ends[int(segments.lengths.argmax())]).astype(int).tolist()
    noun = "line" if count == 1 else "lines"
    return f"Found {count} straight {noun}; the longest runs from ({x1}, {y1}) to ({x2}, {y2})."


def _entries(segments: Segments) -> list[dict[str, Any]]:
    rows = zip(segments.ends.tolist(), segments.scores.tolist(), segments.lengths.tolist(), strict=True)
    return [
        {"ends": [round(end, 1) for end in ends], "score": round(score, 4), "length": round(length, 1)}
        for ends, score, length in rows
    ]


def _drawing(segments: Segments, height: int, width: int) -> Image:
    """White lines, one pixel wide in a picture of 512 and in proportion above it."""
    drawing = np.zeros((height, width, 1), np.uint8)
    thickness = max(1, round(max(height, width) / INPUT_SIDE))
    for x1, y1, x2, y2 in np.rint(segments.ends).astype(int).tolist():
        cv2.line(drawing, (x1, y1), (x2, y2), (255,), thickness, cv2.LINE_AA)
    return drawing
