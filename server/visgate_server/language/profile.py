"""What differs between language networks (marks, lengths, picture size), kept in `profile.json`; opens no network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from visgate_server.settings_files import read_settings_file

PROFILE_FILE = "profile.json"


@dataclass(frozen=True)
class LanguageProfile:
    """What differs between one set of language networks and another.

    Attributes:
        title: the network, for people.
        picture_height: rows of the pictures that it looks at, pixels.
        picture_width: columns of them.
        begin_token: what the decoder starts from.
        end_token: what it ends a text with.
        longest_text: tokens that it says at most, with both marks.
        longest_question: tokens of a question that are read at most, with both marks; 0 where none is.
        knows_photos: whether photos are part of its world; the pocket networks know drawn scenes alone.
    """

    title: str
    picture_height: int
    picture_width: int
    begin_token: int
    end_token: int
    longest_text: int
    longest_question: int
    knows_photos: bool

    def to_json(self) -> str:
        """The text of the file that `read_profile` reads; the export writes it."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_profile(folder: Path) -> LanguageProfile:
    """The profile in a model's version folder.

    Raises:
        NetworkError: there is none, or it lacks something.
    """
    return read_settings_file(folder / PROFILE_FILE, lambda entries: LanguageProfile(**entries))
