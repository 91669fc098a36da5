"""Names the full profile's checkpoints: where one is read from and how it wants its pictures; loads no network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visgate_export.errors import ConversionError
from visgate_export.sources import FolderSource, HubSource, Member

_RULES = "preprocessor_config.json"


@dataclass(frozen=True)
class Checkpoint:
    """A repository of the hub, or its copy in a folder of weights."""

    repository: str
    """With its owner, for example `Intel/dpt-hybrid-midas`."""
    licence: str
    """SPDX identifier that the repository states."""
    folder: str = "."
    """The folder inside the repository; `.` is the repository itself."""

    @property
    def short_name(self) -> str:
        """Without the owner; the name of the copy in a folder of weights."""
        return self.repository.partition("/")[2]

    def member(self, weights: Path | None) -> Member:
        """The folder that `save_pretrained` wrote: below `weights`, or on the hub if that is None."""
        if weights is None:
            return HubSource(self.repository).member(self.folder)
        return FolderSource(f"{self.short_name} in {weights}", weights / self.short_name).member(self.folder)

    def is_there(self, weights: Path | None) -> bool:
        """Whether it can be asked for: the hub is taken to have everything."""
        return weights is None or (weights / self.short_name / self.folder).is_dir()


@dataclass(frozen=True)
class PictureRules:
    """How a network wants its pictures.

    Attributes:
        height: rows in pixels.
        width: columns in pixels.
        mean: of each channel, for values of 0–1; it is subtracted.
        std: of each channel; what is left is divided by it.
    """

    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def signed_square(cls, side: int) -> "PictureRules":
        """Square pictures of three channels from −1 to 1, as the pocket networks take them."""
        half = (0.5, 0.5, 0.5)
        return cls(side, side, half, half)


def read_picture_rules(folder: Path) -> PictureRules:
    """The rules in a checkpoint's `preprocessor_config.json`.

    Raises:
        ConversionError: the file is missing, or asks for a size that is not one height and width.
    """
    path = folder / _RULES
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        height, width = _size(config["size"])
        return PictureRules(height, width, tuple(config["image_mean"]), tuple(config["image_std"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversionError(
            f"{path} does not say how pictures are prepared ({type(error).__name__}: {error}): save the checkpoint's "
            "image processor beside its weights"
        ) from error


def _size(size: int | Mapping[str, Any]) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    for edge in ("shortest_edge", "longest_edge"):  # where both are told, the shorter one is what a square has
        if edge in size:
            return int(size[edge]), int(size[edge])
    return int(size["height"]), int(size["width"])
