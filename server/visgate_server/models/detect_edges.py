"""Canny edges with OpenCV; the one tool without a network."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Tensors
from visgate_server.tool_model import Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

DETECT_EDGES = ToolSpec(
    name="detect_edges",
    title="Edge Detection On Image",
    description=(
        "Finds the hard edges of a picture with the Canny detector: thin white lines on black. Good as a control "
        "picture and for seeing outlines; for soft, painterly outlines use detect_soft_edges."
    ),
    arguments=(
        picture(),
        Argument(
            "low_threshold",
            ArgumentKind.NUMBER,
            "Gradients below this are no edge (0–255 grey levels).",
            default=100.0,
            minimum=0.0,
            maximum=1000.0,
        ),
        Argument(
            "high_threshold",
            ArgumentKind.NUMBER,
            "Gradients above this always are an edge; in between, if they touch one.",
            default=200.0,
            minimum=0.0,
            maximum=1000.0,
        ),
    ),
    pictures=(PictureOutput("EDGES", "White edges, one pixel wide, on black.", channels=1),),
    examples=(
        "find the edges of the picture",
        "show me the canny edges",
        "detect the outlines in this image",
        "edge detection",
        "make an edge map",
    ),
    source="Canny (OpenCV)",
)


class DetectEdges(ToolModel[None]):
    """Runs Canny row by row; there is no network whose batches would be worth more."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="detect_edges",
        summary="Canny edges (OpenCV)",
        tools=(DETECT_EDGES,),
    )

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        thresholds = np.array([request.number("low_threshold"), request.number("high_threshold")])
        return Prepared({"image": request.image(), "thresholds": thresholds}, None)

    def run(self, batch: Tensors) -> Tensors:
        edges = [
            cv2.Canny(image, low, high) for image, (low, high) in zip(batch["image"], batch["thresholds"], strict=True)
        ]
        return {"edges": np.stack(edges)[..., None]}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        edges = outputs["edges"]
        share = float(np.count_nonzero(edges)) / edges.size
        return ToolResponse(
            text=f"Edges found: {share:.1%} of the picture's pixels lie on an edge.",
            data={"edge_share": round(share, 4)},
            pictures={"EDGES": edges},
        )
