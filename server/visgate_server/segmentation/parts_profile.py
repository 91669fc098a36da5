"""Reads what SAM's networks for parts need to know beside their weights; knows nothing about pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from visgate_server.segmentation.part_files import PROFILE_FILE
from visgate_server.settings_files import read_settings_file


@dataclass(frozen=True)
class PartsProfile:
    """What SAM takes.

    Attributes:
        name: `full`.
        side: rows and columns of the picture that SAM takes, pixels.
    """

    name: str
    side: int

    def to_json(self) -> str:
        """The text of the file that `read_parts_profile` reads; the export writes it."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_parts_profile(folder: Path) -> PartsProfile:
    """The profile in a model's version folder.

    Raises:
        NetworkError: it is missing or not what the export writes.
    """
    return read_settings_file(folder / PROFILE_FILE, lambda entries: PartsProfile(**entries))
