"""Opens the finder of parts whose networks lie in the model's folder."""

from __future__ import annotations

from pathlib import Path

from visgate_server.segmentation.connected_parts import ConnectedParts
from visgate_server.segmentation.part_files import PROFILE_FILE
from visgate_server.segmentation.parts import PartFinder
from visgate_server.segmentation.sam_parts import SamParts


def open_part_finder(folder: Path) -> PartFinder:
    """SAM where the full profile put its networks, else what hangs together in the class map.

    Raises:
        NetworkError: SAM's profile is there, and it or a network of SAM's is missing or cannot be read.
    """
    return SamParts(folder) if (folder / PROFILE_FILE).is_file() else ConnectedParts()
