"""Asks the served object detector and the people's mask about pictures; chooses nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized
from visgate_server.image_processing.square_view import letterbox
from visgate_server.model_inputs import model_call
from visgate_server.model_spec import DATA_TENSOR
from visgate_server.models.detect_objects import INPUT_SIDE, DetectObjects
from visgate_server.models.person_mask import PersonMask
from visgate_server.object_finding.photo_finder import Detected
from visgate_server.tool_model import Image, ModelCaller

SCORE = 0.3
"""The detector's score from which something is there. On the photos tried what is there had 0.48 and more."""

LONGEST_SIDE = 2048
"""Pixels to which a larger picture is shrunk before it goes to another model."""


def detect(images: Sequence[Image], call_models: ModelCaller) -> list[list[Detected]]:
    """What the detector finds in each picture, in pixels of the picture.

    The pictures travel as the detector's network sees them: shrunk, and all of one size, so that one call does.

    Raises:
        ModelFaultError: the detector failed.
    """
    if not images:
        return []
    views = [letterbox(image, INPUT_SIDE) for image in images]
    inputs: dict[str, NDArray[Any]] = {
        "IMAGE": np.stack([view.image for view in views]),
        "THRESHOLD": np.full((len(views), 1), SCORE, np.float32),
    }
    [answer] = call_models([model_call(DetectObjects.spec, inputs, (DATA_TENSOR,))])
    found: list[list[Detected]] = []
    for view, image, row in zip(views, images, answer[DATA_TENSOR][:, 0], strict=True):
        size = np.array([image.shape[1], image.shape[0]])
        found.append([])
        for entry in json.loads(row)["objects"]:
            corners = view.to_picture(np.array(entry["box"], np.float32).reshape(2, 2))
            left, top, right, bottom = np.rint(np.clip(corners, 0, size)).astype(int).ravel().tolist()
            if left < right and top < bottom:
                found[-1].append(Detected(entry["label"], float(entry["score"]), (left, top, right, bottom)))
    return found


@dataclass(frozen=True, eq=False)
class People:
    """The people of a picture.

    Attributes:
        mask: all of them together, UINT8 [height, width], 0–255; all 0 where there is nobody.
        score: the detector's best score of a person, 0–1; 0 where it found none.
    """

    mask: NDArray[np.uint8]
    score: float


def people(images: Sequence[Image], thresholds: Sequence[float], call_models: ModelCaller) -> list[People]:
    """The people of each picture.

    Args:
        images: UINT8 [height, width, 3] each.
        thresholds: how sure it has to be that a pixel belongs to a person, 0–1, for each picture.
        call_models: how to call.

    Raises:
        ModelFaultError: the model failed.
    """
    calls = [
        model_call(
            PersonMask.spec,
            {"IMAGE": shrunk(image)[None], "THRESHOLD": np.array([[threshold]], np.float32)},
            ("MASK", DATA_TENSOR),
        )
        for image, threshold in zip(images, thresholds, strict=True)
    ]
    answers = call_models(calls) if calls else []
    return [
        People(
            resized(np.ascontiguousarray(answer["MASK"][0, ..., 0]), image.shape[1], image.shape[0]),
            float(json.loads(answer[DATA_TENSOR][0, 0])["person_score"]),
        )
        for answer, image in zip(answers, images, strict=True)
    ]


def shrunk(image: Image) -> Image:
    """The picture, or a copy whose longer side is `LONGEST_SIDE`."""
    factor = max(1.0, max(image.shape[:2]) / LONGEST_SIDE)
    if factor == 1.0:
        return image
    return resized(image, max(1, round(image.shape[1] / factor)), max(1, round(image.shape[0] / factor)))
