"""What a depth network's output means, kept in `depth.json` beside it; opens no network."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from visgate_server.settings_files import read_settings_file

SETTINGS_FILE = "depth.json"


@dataclass(frozen=True)
class DepthSettings:
    """What differs between one depth network and another.

    Attributes:
        height: rows of the network's picture.
        width: columns of the network's picture.
        full_scale: the output that is shown white; None for the largest of each picture.
        relief: picture widths that one unit of the output is deep, for normals.
    """

    height: int
    width: int
    full_scale: float | None
    relief: float

    def to_json(self) -> str:
        """The text of the file that `read_settings` reads; the export writes it."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_settings(path: Path) -> DepthSettings:
    """Reads `depth.json`.

    Raises:
        NetworkError: it is missing, or lacks a setting.
    """
    return read_settings_file(path, lambda entries: DepthSettings(**entries))
