"""Finds what words say with GroundingDINO and outlines it with SAM; knows nothing about tools or other networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visgate_server.image_processing.corner_view import Boxes, CornerView, Image, corner_view
from visgate_server.image_processing.non_maximum_suppression import suppress
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.object_finding.box_masks import Plane, together
from visgate_server.object_finding.finder import Look
from visgate_server.object_finding.finder_files import GROUNDING_NETWORK, MASK_NETWORK, TOKENIZER_FILE, VISION_NETWORK
from visgate_server.object_finding.finder_profile import GroundedProfile, read_grounded_profile
from visgate_server.object_finding.found_object import FoundObject, Way
from visgate_server.object_finding.grounded_boxes import GroundedBoxes, grounded_boxes
from visgate_server.object_finding.grounding_prompt import read_phrases
from visgate_server.object_finding.photo_finder import Detected, in_place
from visgate_server.tokenizer_files import open_tokenizer_file

SAME_THING = 0.8
"""Overlap of two boxes from which they mark one thing: what the network sees as one it often boxes twice."""

MOST_BOXES = 50
"""A picture has no more boxes than this, the surest: each costs a run of SAM's decoder."""

_PICTURES_AT_ONCE = 2
"""At full size SAM's attention among the 64 × 64 places of one picture takes 0.8 GB: 12 heads of 32 bits."""
_BOXES_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class OutlinedThings:
    """What the networks said of a row.

    Attributes:
        things: what was found, the surest first.
        masks: SAM's, float32 [things, rows, columns], logits over the whole view.
        view: what SAM saw.
        score: of the surest; where nothing was found, how close anything came, 0–1.
    """

    things: tuple[Detected, ...]
    masks: Plane
    view: CornerView
    score: float

    def found(self, look: Look) -> FoundObject:
        """The object; its mask is that of all its parts together."""
        mask = together(self.masks, self.view)
        return FoundObject(mask, tuple(thing.box for thing in self.things), self.score, Way.GROUNDED)


class GroundedFinder:
    """GroundingDINO and SAM's two networks; photos and drawings are the same to them."""

    drawn_only = False

    def __init__(self, folder: Path) -> None:
        """Opens the networks of a model's version folder.

        Raises:
            NetworkError: one of them or a file beside them is missing or cannot be read.
        """
        self.profile: GroundedProfile = read_grounded_profile(folder)
        self._grounding: Network = open_network(folder / GROUNDING_NETWORK)
        self._vision: Network = open_network(folder / VISION_NETWORK)
        self._masks: Network = open_network(folder / MASK_NETWORK)
        self._tokenizer = open_tokenizer_file(folder / TOKENIZER_FILE)

    def see(self, looks: Sequence[Look]) -> list[OutlinedThings]:
        """Boxes for every row, then masks for every box."""
        if not looks:
            return []
        outputs = self.ground([look.image for look in looks], [look.spoken.name for look in looks])
        things = [tuple(self._things(boxes, look)) for look, (boxes, _) in zip(looks, outputs, strict=True)]
        views = [corner_view(look.image, self.profile.mask_side) for look in looks]
        corners = [np.array([thing.box for thing in own], np.float32).reshape(-1, 4) for own in things]
        masks = self.outline(views, corners)
        return [
            OutlinedThings(own, mask, view, own[0].score if own else best)
            for own, mask, view, (_, best) in zip(things, masks, views, outputs, strict=True)
        ]

    def ground(self, pictures: Sequence[Image], phrases: Sequence[str]) -> list[tuple[GroundedBoxes, float]]:
        """The boxes of each picture that hold what its phrase says, and the best score of all boxes."""
        profile = self.profile
        prompts = read_phrases(phrases, self._tokenizer, profile)
        found: list[tuple[GroundedBoxes, float]] = []
        for part in _parts(len(pictures), _PICTURES_AT_ONCE):
            views = [corner_view(picture, profile.side) for picture in pictures[part]]
            read = prompts.part(part)
            outputs = self._grounding.run({**_seen(views), **read.inputs()})
            for view, scores, boxes, ids in zip(views, outputs["scores"], outputs["boxes"], read.ids, strict=True):
                size = (view.picture_width, view.picture_height)
                kept = grounded_boxes(scores, boxes, ids, size, (profile.box_threshold, profile.text_threshold))
                found.append((kept, float(scores.max())))
        return found

    def outline(self, views: Sequence[CornerView], boxes: Sequence[Boxes]) -> list[Plane]:
        """SAM's masks, float32 [boxes, rows, columns] a picture, logits over its whole view.

        Args:
            views: pictures in squares of SAM's side.
            boxes: float32 [boxes, 4] a picture, in its pixels; a picture without one is not looked at.
        """
        masks: list[Plane] = [np.zeros((0, 1, 1), np.float32) for _ in views]
        wanted = [row for row, own in enumerate(boxes) if len(own)]
        for part in _parts(len(wanted), _PICTURES_AT_ONCE):
            embeddings = self._vision.run(_seen([views[row] for row in wanted[part]]))["embedding"]
            for row, embedding in zip(wanted[part], embeddings, strict=True):
                corners = views[row].from_picture(boxes[row])
                masks[row] = np.concatenate(
                    [
                        self._masks.run(
                            {
                                "embedding": np.broadcast_to(embedding, (len(corners[some]), *embedding.shape)),
                                "box": corners[some],
                            }
                        )["mask"]
                        for some in _parts(len(corners), _BOXES_AT_ONCE)
                    ]
                )
        return masks

    def _things(self, boxes: GroundedBoxes, look: Look) -> list[Detected]:
        """The boxes within the picture, one a thing, those in the place that was asked for."""
        height, width, _ = look.image.shape
        things = []
        for index in suppress(boxes.corners, boxes.scores, SAME_THING)[:MOST_BOXES]:
            corners = np.clip(boxes.corners[index].reshape(2, 2), 0, [width, height])
            left, top, right, bottom = np.rint(corners).astype(int).ravel().tolist()
            if left < right and top < bottom:
                phrase = str(self._tokenizer.decode(list(boxes.tokens[index])))
                things.append(Detected(phrase, float(boxes.scores[index]), (left, top, right, bottom)))
        return in_place(things, look.spoken.place, width, height)


def _seen(views: Sequence[CornerView]) -> Tensors:
    return {"image": np.stack([view.image for view in views]), "size": np.stack([view.size for view in views])}


def _parts(count: int, at_once: int) -> Iterator[slice]:
    return (slice(start, start + at_once) for start in range(0, count, at_once))
