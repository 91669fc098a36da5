"""Finds the parts of a picture with SAM, which is asked about points all over it; knows no kinds of things.

No more than `POINTS_AT_ONCE` points' masks are ever kept. Those that were chosen are made once more to be laid out:
they are few, and keeping the logits of all that might be chosen would take hundreds of megabytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.corner_view import CornerView, corner_view
from visgate_server.networks import Network, open_network
from visgate_server.object_finding.box_masks import over_view
from visgate_server.segmentation.mask_generation import Candidates, candidates, filled_cells, grid_points, joined
from visgate_server.segmentation.part_files import POINT_NETWORK, VISION_NETWORK
from visgate_server.segmentation.parts import Image, PartMap, SeenParts, largest_first
from visgate_server.segmentation.parts_profile import PartsProfile, read_parts_profile

POINTS_AT_ONCE = 16
"""At full size a run of the decoder takes 0.9 GB, and 0.9 s on two cores without an accelerator: a picture a minute."""


@dataclass(frozen=True, eq=False)
class LaidOutMasks:
    """SAM's masks of one picture.

    Attributes:
        parts: int64 [rows, columns] of the view that the picture fills, numbers from 1; 0 where there is no mask.
        view: what SAM saw.
    """

    parts: NDArray[np.int64]
    view: CornerView

    def laid_out(self, classes: NDArray[np.int64], background: int | None) -> PartMap:
        """The parts in the picture's size; what its classes are does not matter to SAM."""
        size = (self.view.picture_width, self.view.picture_height)
        nearest = cv2.resize(self.parts.astype(np.uint16), size, interpolation=cv2.INTER_NEAREST_EXACT)
        return largest_first(np.asarray(nearest, np.int64))


class SamParts:
    """SAM's two networks: one sees a picture once, the other makes three masks a point of what was seen."""

    def __init__(self, folder: Path) -> None:
        """Opens the networks of a model's version folder.

        Raises:
            NetworkError: one of them or the profile beside them is missing or cannot be read.
        """
        self.profile: PartsProfile = read_parts_profile(folder)
        self._vision: Network = open_network(folder / VISION_NETWORK)
        self._points: Network = open_network(folder / POINT_NETWORK)

    def see(self, images: Sequence[Image]) -> Sequence[SeenParts]:
        """One picture after the other, each in runs of its own."""
        return [self._see(corner_view(image, self.profile.side)) for image in images]

    def _see(self, view: CornerView) -> LaidOutMasks:
        embedding = self._vision.run({"image": view.image[None], "size": view.size[None]})["embedding"]
        points = grid_points(view)
        found = []
        for some in _runs(len(points)):
            masks, qualities = self._masks(embedding, points[some])
            found.append(candidates(filled_cells(masks, view), qualities, some.start))
        chosen = joined(found).parts()
        return LaidOutMasks(self._laid_out(embedding, points, chosen, view), view)

    def _laid_out(
        self, embedding: NDArray[np.float32], points: NDArray[np.float32], chosen: Candidates, view: CornerView
    ) -> NDArray[np.int64]:
        """The largest mask at the bottom, so that what lies on another thing is seen."""
        parts = np.zeros((view.height, view.width), np.int64)
        for some in _runs(len(chosen.points)):
            masks, _ = self._masks(embedding, points[chosen.points[some]])
            for offset, (own, answer) in enumerate(zip(masks, chosen.answers[some], strict=True)):
                parts[over_view(own[answer], view) > 0] = some.start + offset + 1
        return parts

    def _masks(
        self, embedding: NDArray[np.float32], points: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        outputs = self._points.run({"point": points, "embedding": embedding})
        return outputs["masks"], outputs["quality"]


def _runs(count: int) -> Iterator[slice]:
    return (slice(start, min(start + POINTS_AT_ONCE, count)) for start in range(0, count, POINTS_AT_ONCE))
