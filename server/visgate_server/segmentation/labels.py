"""Which classes a segmentation network tells apart, kept in `labels.json` beside it; opens no network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visgate_server.settings_files import read_settings_file

LABELS_FILE = "labels.json"


@dataclass(frozen=True)
class SegmentationLabels:
    """What differs between one segmentation network and another.

    Attributes:
        height: rows of the network's picture.
        width: columns of the network's picture.
        names: of the classes, in the order of the network's outputs.
        colours: RGB 0–255, in the same order.
        background: the number of the class that is no thing; None where every class is one.
    """

    height: int
    width: int
    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    background: int | None

    def to_json(self) -> str:
        """The text of the file that `read_labels` reads; the export writes it."""
        entries = {
            "height": self.height,
            "width": self.width,
            "background": self.background,
            "classes": [
                {"name": name, "colour": list(colour)} for name, colour in zip(self.names, self.colours, strict=True)
            ],
        }
        return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def read_labels(path: Path) -> SegmentationLabels:
    """Reads `labels.json`.

    Raises:
        NetworkError: it is missing, or is not laid out as the export writes it.
    """
    return read_settings_file(path, _labels)


def _labels(entries: dict[str, Any]) -> SegmentationLabels:
    classes = entries["classes"]
    return SegmentationLabels(
        height=entries["height"],
        width=entries["width"],
        names=tuple(known["name"] for known in classes),
        colours=tuple((int(red), int(green), int(blue)) for red, green, blue in (each["colour"] for each in classes)),
        background=entries["background"],
    )
