"""What a call returns: progress, a tool's text, data and pictures, and where the time went; sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


@dataclass(frozen=True, slots=True)
class Times:
    """Where a call's time went.

    What the server measured is absent (None) where it did not say. Its clock can be compared with the
    client's only on one host, so for a server elsewhere `queue_ms` and `cached` are None too, and a
    cached answer carries the times of the run that filled the cache.

    Attributes:
        total_ms: what the caller waited: reading the pictures, sending, the server's work, and the answer.
        queue_ms: from sending the request to the start of its execution, so the way there is included;
            None for a cached answer, which waited for no execution.
        compute_ms: execution of the batch that the request was in; 0 for a cached answer.
        batch_size: requests' rows that were executed together; None for a cached answer.
        cached: whether the answer came from the server's response cache.
        serialise_ms: reading and decoding the pictures, making the request, and reading the answer.
        wire_ms: what is left of the round trip beside `queue_ms` and `compute_ms`: the way back, and for a server
            elsewhere the way there and the queue too, which cannot be told apart from here.
    """

    total_ms: float
    queue_ms: float | None = None
    compute_ms: float | None = None
    batch_size: int | None = None
    cached: bool | None = None
    serialise_ms: float | None = None
    wire_ms: float | None = None


@dataclass(frozen=True)
class Progress:
    """How far a tool has come that answers in steps.

    Attributes:
        step: the steps that are done.
        of: all the steps that there will be.
        preview: what the picture looks like so far, uint8 [height, width, 3], 0-255, read-only and smaller than the
            result; None where this step comes without.
    """

    step: int
    of: int
    preview: npt.NDArray[np.uint8] | None = field(default=None, repr=False)

    @cached_property
    def image(self) -> Image.Image | None:
        """The preview as a PIL image."""
        return None if self.preview is None else Image.fromarray(self.preview)


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered.

    Attributes:
        tool: the tool's name.
        text: its sentence, for people and language models; empty for a tool that has none.
        data: its data, for programs, as read from JSON; None for a tool that has none.
        arrays: its pictures as uint8 arrays, 0-255, by the lower-case name of the tensor, in the tool's
            order: [height, width] for one channel, [height, width, 3] for RGB, [.., 4] for RGBA. They are
            read-only, and can be given to the next call as they are.
        times: where the time went.
    """

    tool: str
    text: str
    data: Any
    arrays: Mapping[str, npt.NDArray[np.uint8]] = field(repr=False)
    times: Times

    @cached_property
    def images(self) -> Mapping[str, Image.Image]:
        """The same pictures as PIL images (modes L, RGB and RGBA), each made when first asked for."""
        return _PillowImages(self.arrays)

    @property
    def image(self) -> Image.Image | None:
        """The first picture, or None for a tool that shows none."""
        return next(iter(self.images.values()), None)

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Writes each picture to ``<tool>_<name>.png`` in a folder, made if missing, and returns the paths."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, image in self.images.items():
            path = target / f"{self.tool}_{name}.png"
            image.save(path)
            paths.append(path)
        return tuple(paths)


class _PillowImages(Mapping[str, Image.Image]):
    """Arrays seen as PIL images, converted once each."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[np.uint8]]) -> None:
        self._arrays = arrays
        self._images: dict[str, Image.Image] = {}

    def __getitem__(self, name: str) -> Image.Image:
        if name not in self._images:
            self._images[name] = Image.fromarray(self._arrays[name])
        return self._images[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"<pictures: {', '.join(self._arrays) or 'none'}>"
