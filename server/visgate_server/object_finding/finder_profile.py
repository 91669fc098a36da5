"""Reads what the finder's networks need to know beside their weights; knows nothing about pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from visgate_server.object_finding.finder_files import PROFILE_FILE
from visgate_server.settings_files import read_settings_file

_KIND = "finder"


class FinderKind(Enum):
    """Which networks lie beside the profile, in the word that it has for them."""

    CLIPSEG = "clipseg"
    GROUNDED = "grounding_dino+sam"


@dataclass(frozen=True)
class FinderProfile:
    """What CLIPSeg's networks were trained for.

    Attributes:
        name: `pocket` or `full`.
        drawn_only: the networks know drawn scenes alone; photos go another way.
        side: rows and columns of the picture that the vision network takes, pixels.
        text_length: tokens of a text with the begin and end mark.
        begin_token: id of the begin mark.
        end_token: id of the end mark.
        pad_token: id that fills up short texts.
        threshold: probability from which a pixel belongs to the object, 0–1.
        least_share: of the picture; a smaller mask is taken for nothing, 0–1.
        words: names of the things that are tried when it is asked what else is there; may be empty.
    """

    name: str
    drawn_only: bool
    side: int
    text_length: int
    begin_token: int
    end_token: int
    pad_token: int
    threshold: float
    least_share: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class GroundedProfile:
    """What GroundingDINO and SAM take.

    Attributes:
        name: `full`.
        side: rows and columns of the picture that GroundingDINO takes, pixels.
        mask_side: of the picture that SAM takes.
        text_length: tokens of a text with both marks, at most.
        begin_token: id of the begin mark.
        end_token: id of the end mark.
        stop_token: id of the full stop, which ends what is looked for.
        pad_token: id that fills up short texts.
        delimiters: ids of the tokens that divide a text into phrases, the marks among them.
        box_threshold: score from which a box holds what is looked for, 0–1.
        text_threshold: score from which a word of the text belongs to a box, 0–1.
    """

    name: str
    side: int
    mask_side: int
    text_length: int
    begin_token: int
    end_token: int
    stop_token: int
    pad_token: int
    delimiters: tuple[int, ...]
    box_threshold: float
    text_threshold: float

    def to_json(self) -> str:
        """The text of the file that `read_grounded_profile` reads; the export writes it."""
        return json.dumps({_KIND: FinderKind.GROUNDED.value, **asdict(self)}, indent=1) + "\n"


def read_kind(folder: Path) -> FinderKind:
    """Which finder the profile in a model's version folder is of; CLIPSeg's names none.

    Raises:
        NetworkError: it is missing or not what the export writes.
    """
    return read_settings_file(
        folder / PROFILE_FILE, lambda entries: FinderKind(entries.get(_KIND, FinderKind.CLIPSEG.value))
    )


def read_grounded_profile(folder: Path) -> GroundedProfile:
    """GroundingDINO's and SAM's profile in a model's version folder.

    Raises:
        NetworkError: it is missing or not what the export writes.
    """
    return read_settings_file(folder / PROFILE_FILE, _grounded_profile)


def read_profile(folder: Path) -> FinderProfile:
    """CLIPSeg's profile in a model's version folder.

    Raises:
        NetworkError: it is missing or not what the export writes.
    """
    return read_settings_file(
        folder / PROFILE_FILE, lambda entries: FinderProfile(**{**entries, "words": tuple(entries["words"])})
    )


def _grounded_profile(entries: dict[str, Any]) -> GroundedProfile:
    settings = {name: value for name, value in entries.items() if name != _KIND}
    return GroundedProfile(**{**settings, "delimiters": tuple(settings["delimiters"])})
