"""Finds what words say with CLIPSeg, square by square, in drawn scenes with a second opinion; knows no other way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visgate_server.image_processing.guided_filter import fit_to_edges
from visgate_server.image_processing.mask_cleaning import clean_mask, without_haze
from visgate_server.image_processing.square_windows import Plane, Window, merged, windows_of
from visgate_server.object_finding.finder import Image, Look
from visgate_server.object_finding.found_object import FoundObject, Way, boxes_of_parts
from visgate_server.object_finding.second_opinion import SeenScene, see_scenes
from visgate_server.object_finding.text_finder import TextFinder
from visgate_server.tool_model import ModelCaller

_MERGED_SIDE = 192
_SCENE_SIDE = 128
_LEAST_PART = 0.15
"""Parts of a mask that are smaller than this share of the largest get no box of their own."""


@dataclass(frozen=True, eq=False)
class MaskOfWords:
    """What the network said of a row.

    Attributes:
        mask: the probability of each pixel to be meant, float32 [rows, columns] in the picture's proportions.
        score: how sure the network is, 0–1.
        is_there: whether enough pixels are meant for a thing.
        others: what else there is.
        threshold: probability from which a pixel belongs to the object, 0–1.
        way: how it was looked for.
    """

    mask: Plane
    score: float
    is_there: bool
    others: tuple[str, ...]
    threshold: float
    way: Way

    def found(self, look: Look) -> FoundObject:
        """The object, its mask fitted to the picture's edges."""
        if not self.is_there:
            nothing = np.zeros(look.image.shape[:2], np.uint8)
            return FoundObject(nothing, (), self.score, self.way, self.others)
        mask = without_haze(fit_to_edges(clean_mask(self.mask, self.threshold), look.image))
        return FoundObject(mask, boxes_of_parts(mask, _LEAST_PART), self.score, self.way, self.others)


class WordFinder:
    """CLIPSeg and, where it knows drawn scenes alone, the served segmentation network beside it."""

    def __init__(self, folder: Path, call_models: ModelCaller) -> None:
        """Opens the networks of a model's version folder.

        Raises:
            NetworkError: one of them or a file beside them is missing or cannot be read.
        """
        self._networks = TextFinder(folder)
        self._call_models = call_models

    @property
    def drawn_only(self) -> bool:
        """Whether photos go another way."""
        return self._networks.profile.drawn_only

    def see(self, looks: Sequence[Look]) -> list[MaskOfWords]:
        """Every window of every picture in one run of the vision network, every text read once."""
        if not looks:
            return []
        networks, profile = self._networks, self._networks.profile
        windows = [windows_of(look.image.shape[1], look.image.shape[0]) for look in looks]
        of_view = [row for row, own in enumerate(windows) for _ in own]
        parts = [window.part(look.image) for look, own in zip(looks, windows, strict=True) for window in own]
        views = [
            window.view(look.image, profile.side) for look, own in zip(looks, windows, strict=True) for window in own
        ]
        embeddings = networks.embed([look.spoken.said for look in looks])
        masks = networks.masks(networks.look(np.stack(views)), embeddings[of_view])
        scenes = see_scenes(parts, self._call_models) if profile.drawn_only else []
        way = Way.BY_WORDS_IN_SCENE if profile.drawn_only else Way.BY_WORDS
        result = []
        for row, look in enumerate(looks):
            own = [view for view, owner in enumerate(of_view) if owner == row]
            word = networks.word_of(embeddings[row])
            mask = _merged([masks[view] for view in own], windows[row], look.image)
            seen = [scenes[view] for view in own] if self._know(scenes, own) else []
            names = dict.fromkeys(name for scene in seen for name in scene.names)
            if seen and word is not None:
                # Of a thing known by name, the mean of what both networks say.
                mask = (
                    mask + _merged([scene.plane(word, _SCENE_SIDE) for scene in seen], windows[row], look.image)
                ) / 2
            others = tuple(name for name in names if name != word)
            result.append(
                MaskOfWords(mask, networks.score(mask), networks.is_there(mask), others, profile.threshold, way)
            )
        return result

    def _know(self, scenes: list[SeenScene], own: list[int]) -> bool:
        """Whether the segmentation network was asked, and knows drawn scenes' things and no others."""
        return bool(scenes) and all(set(scenes[view].names) <= set(self._networks.profile.words) for view in own)


def _merged(planes: list[Plane], windows: tuple[Window, ...], image: Image) -> Plane:
    """A plane a window as one plane in the picture's proportions."""
    height, width, _ = image.shape
    return merged(planes, windows, width, height, min(_MERGED_SIDE, max(width, height)))
