"""Reads what the finder's networks need to know beside their weights; knows nothing about pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from visgate_server.errors import NetworkError

PROFILE_FILE = "finder.json"


@dataclass(frozen=True)
class FinderProfile:
    """What the networks were trained for.

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


def read_profile(folder: Path) -> FinderProfile:
    """The profile in a model's version folder.

    Raises:
        NetworkError: it is missing or not what the export writes.
    """
    path = folder / PROFILE_FILE
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return FinderProfile(**{**entries, "words": tuple(entries["words"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NetworkError(
            f"{path} cannot be read ({type(error).__name__}: {error}): run `make models` to export it anew"
        ) from error
