"""Finds what words name in photos by way of the served detector and the mask of people; opens no network itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visgate_server.object_finding.detector_calls import detect, people
from visgate_server.object_finding.finder import Look
from visgate_server.object_finding.found_object import FoundObject, Way
from visgate_server.object_finding.photo_finder import PERSON, Detected, chosen, cut_out, within_boxes
from visgate_server.tool_model import ModelCaller

PERSON_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class DetectedThings:
    """What the detector said of a row.

    Attributes:
        wanted: what was asked for.
        others: labels of everything else.
        people: where people are, if they were asked for.
    """

    wanted: list[Detected]
    others: tuple[str, ...]
    people: NDArray[np.uint8] | None = field(default=None)

    def found(self, look: Look) -> FoundObject:
        """The object, its outline from the mask of people or cut out of its box."""
        if not self.wanted:
            nothing = np.zeros(look.image.shape[:2], np.uint8)
            known = look.spoken.label is not None
            return FoundObject(nothing, (), 0.0, Way.DETECTED_AND_CUT, self.others, known)
        boxes, score = tuple(one.box for one in self.wanted), self.wanted[0].score
        if self.people is not None and (mask := within_boxes(self.people, self.wanted)).any():
            return FoundObject(mask, boxes, score, Way.DETECTED_PERSON, self.others)
        return FoundObject(cut_out(look.image, self.wanted), boxes, score, Way.DETECTED_AND_CUT, self.others)


class DetectorFinder:
    """COCO's everyday things, by their names."""

    drawn_only = False

    def __init__(self, call_models: ModelCaller) -> None:
        self._call_models = call_models

    def see(self, looks: Sequence[Look]) -> list[DetectedThings]:
        """One call of the detector for all rows, and one of the mask of people for those that look for people."""
        detected = detect([look.image for look in looks], self._call_models)
        wanted = [
            chosen(found, look.spoken, look.image.shape[1], look.image.shape[0])
            for look, found in zip(looks, detected, strict=True)
        ]
        with_people = [row for row, own in enumerate(wanted) if own and own[0].label == PERSON]
        images = [looks[row].image for row in with_people]
        masks = people(images, [PERSON_THRESHOLD] * len(images), self._call_models)
        mask_of = {row: found.mask for row, found in zip(with_people, masks, strict=True)}
        return [
            DetectedThings(own, tuple(one.label for one in found if one not in own), mask_of.get(row))
            for row, (own, found) in enumerate(zip(wanted, detected, strict=True))
        ]
