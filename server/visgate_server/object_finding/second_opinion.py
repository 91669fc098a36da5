"""Asks the served segmentation network what a drawn scene shows, as a second opinion on what words find; finds nothing.

The pocket CLIPSeg reads words without fault, but takes things that look alike for each other (a cactus for a tree). The
segmentation network knows no words, but names the pixels of scenes almost without fault.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.resizing import resized
from visgate_server.model_inputs import model_call
from visgate_server.model_spec import DATA_TENSOR
from visgate_server.models.segmentation import Segmentation
from visgate_server.object_finding.detector_calls import shrunk
from visgate_server.tool_model import Image, ModelCaller

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SeenScene:
    """What the segmentation network sees in a drawn scene.

    Attributes:
        colours: of what there is, RGB 0–255, by name, what covers most first.
        painted: UINT8 [rows, columns, 3], everything in its colour, black where nothing is.
    """

    colours: dict[str, tuple[int, int, int]]
    painted: Image

    @property
    def names(self) -> tuple[str, ...]:
        """What there is."""
        return tuple(self.colours)

    def plane(self, name: str, side: int) -> Plane:
        """How much of each cell a thing covers, float32 [side, side], 0–1; 0 everywhere where it is not there."""
        if name not in self.colours:
            return np.zeros((side, side), np.float32)
        covered = (self.painted == np.array(self.colours[name], np.uint8)).all(axis=2)
        return resized(covered.astype(np.uint8) * np.uint8(255), side, side).astype(np.float32) / np.float32(255)


def see_scenes(images: Sequence[Image], call_models: ModelCaller) -> list[SeenScene]:
    """What each picture, UINT8 [height, width, 3], shows.

    Raises:
        ModelFaultError: the segmentation model failed.
    """
    calls = [
        model_call(Segmentation.spec, {"IMAGE": shrunk(image)[None]}, ("PICTURE", DATA_TENSOR)) for image in images
    ]
    answers = call_models(calls) if calls else []
    return [
        SeenScene(
            {entry["label"]: tuple(entry["colour"]) for entry in json.loads(answer[DATA_TENSOR][0, 0])["labels"]},
            answer["PICTURE"][0],
        )
        for answer in answers
    ]
