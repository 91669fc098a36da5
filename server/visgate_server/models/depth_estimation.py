"""Estimates how near each part of a picture is, and which way its surfaces face, with DPT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.depth_settings import SETTINGS_FILE, read_settings
from visgate_server.image_processing.resizing import resized, resized_plane
from visgate_server.image_processing.surface_normals import BACKGROUND, surface_normals
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

NETWORK = "depth.onnx"

_CHECKPOINT = "Intel/dpt-hybrid-midas"
_SOURCE = "trained by this project on drawn scenes"

_WORLD = (
    "In this profile the network has learned drawn scenes alone, a few objects standing on a plain floor that is "
    "darker the farther it is, as the drawing tools make them: of a photo its answer is not to be trusted."
)

ESTIMATE_DEPTH = ToolSpec(
    name="estimate_depth",
    title="Predict Depth On Image",
    description=(
        "Estimates how far away each part of a picture is, and returns a depth picture of the same size: grey, near is "
        "bright and far is dark, no distances in metres. Give it to image_from_depth to draw something new with the "
        "same spatial layout. data has nearest and farthest as x, y in pixels of the given picture."
    ),
    pocket_limits=_WORLD,
    arguments=(picture(),),
    pictures=(
        PictureOutput("DEPTH", "The depth: near is bright, far is dark; all three channels are the same.", exact=True),
    ),
    constants={"operation": "depth"},
    examples=(
        "estimate the depth of the picture",
        "predict the depth map of this image",
        "how far away are the things in the picture",
        "which part of the image is nearest",
        "make a depth map",
        "generate the depth from this photo",
        "show me what is near and what is far",
    ),
    checkpoint=_CHECKPOINT,
    source=_SOURCE,
)

ESTIMATE_NORMALS = ToolSpec(
    name="estimate_normals",
    title="Predict Normal Map On Image",
    description=(
        "Estimates which way the surfaces in a picture face, from its estimated depth, and returns a normal map of the "
        "same size: colours are directions, what faces the viewer is violet-blue (127, 127, 255). Give it to "
        "image_from_normals to draw something new with the same surfaces. data has flat_share, the share of the "
        "picture (0–1) that faces the viewer."
    ),
    pocket_limits=_WORLD,
    arguments=(
        picture(),
        Argument(
            "background",
            ArgumentKind.NUMBER,
            "What is farther than this share of the picture's depth, 0 the farthest and 1 the nearest, is made flat.",
            default=BACKGROUND,
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    pictures=(PictureOutput("NORMALS", "The normal map: a direction in each pixel's colour.", exact=True),),
    constants={"operation": "normals"},
    examples=(
        "predict the normal map of this image",
        "estimate the surface normals",
        "make a normal map of the picture",
        "which way do the surfaces face",
        "show the orientation of the surfaces",
        "compute the normals of the image",
    ),
    checkpoint=_CHECKPOINT,
    source=_SOURCE,
)


class DepthEstimation(ToolModel[None]):
    """Stretches a picture to the network's size, and shows its answer as depth or as normals."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="depth_estimation",
        summary="Depth and surface normals (DPT)",
        tools=(ESTIMATE_DEPTH, ESTIMATE_NORMALS),
        bound=(
            Argument(
                "operation",
                ArgumentKind.TEXT,
                "What to make of the depth.",
                default="depth",
                choices=("depth", "normals"),
            ),
        ),
        networks=(NETWORK,),
        max_batch_size=8,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / NETWORK)
        self._settings = read_settings(folder / SETTINGS_FILE)
        self._answer: Mapping[str, Callable[[NDArray[np.float32], ToolRequest], ToolResponse]] = {
            "depth": self._depth,
            "normals": self._normals,
        }

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        # MiDaS' own preparation stretches too: it saw no other pictures.
        small = resized(request.image(), self._settings.width, self._settings.height)
        return Prepared({"image": small}, None)

    def run(self, batch: Tensors) -> Tensors:
        return self._network.run({"image": batch["image"]})

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        return self._answer[request.text("operation")](outputs["nearness"], request)

    def _depth(self, nearness: NDArray[np.float32], request: ToolRequest) -> ToolResponse:
        height, width, _ = request.image().shape
        white = self._settings.full_scale or max(float(nearness.max()), float(np.finfo(np.float32).tiny))
        grey = np.clip(nearness / np.float32(white), 0, 1) * np.float32(255)
        shown = np.rint(resized_plane(grey, width, height)).astype(np.uint8)
        nearest, farthest = (
            _place(int(position), nearness.shape, width, height) for position in (nearness.argmax(), nearness.argmin())
        )
        text = f"Depth estimated: the nearest point is about {_words(nearest)}, the farthest about {_words(farthest)}."
        picture_of_depth: Image = np.repeat(shown[..., None], 3, axis=2)
        return ToolResponse(text, {"nearest": nearest, "farthest": farthest}, {"DEPTH": picture_of_depth})

    def _normals(self, nearness: NDArray[np.float32], request: ToolRequest) -> ToolResponse:
        height, width, _ = request.image().shape
        # Before enlarging, as Visual ChatGPT does: between the network's pixels there are no slopes of its own.
        directions = surface_normals(
            nearness, background=request.number("background"), relief=self._settings.relief
        ).astype(np.float32)
        shown = np.rint(np.clip(resized_plane(directions, width, height), 0, 255)).astype(np.uint8)
        flat = float(np.mean(np.abs(directions - np.array([127, 127, 255])).max(axis=2) <= 1))
        text = f"Normal map made: {flat:.0%} of the picture faces the viewer, the rest is shown by its direction."
        data: dict[str, Any] = {"flat_share": round(flat, 4)}
        return ToolResponse(text, data, {"NORMALS": shown})


def _place(position: int, shape: tuple[int, ...], width: int, height: int) -> list[int]:
    """The middle of one of the network's pixels, x and y in the given picture."""
    row, column = divmod(position, shape[1])
    return [int((column + 0.5) * width / shape[1]), int((row + 0.5) * height / shape[0])]


def _words(point: list[int]) -> str:
    return f"({point[0]}, {point[1]})"
