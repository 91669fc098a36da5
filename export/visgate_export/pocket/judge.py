"""A network that looks at a picture and says which objects stand where on which background; it draws nothing.

It judges what the diffusion model draws. It is trained apart, on real renderings only (blurred and noisy ones among
them, so that a soft picture is not an unknown world), and never sees a drawing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.picture_tensors import to_tensor
from visgate_export.pocket.scenes import SIDE

CELL = 4
"""Pixels of a cell of the map that says where objects' centres are."""
_CERTAIN = 0.4
_SAME_OBJECT = 10.0  # pixels


@dataclass(frozen=True)
class SeenObject:
    """One object that the judge sees."""

    name: str
    across: float
    """Its centre, in pixels from the left."""
    down: float
    score: float
    """0–1."""


@dataclass(frozen=True)
class Verdict:
    """What the judge sees in one picture; objects with the highest score first."""

    objects: tuple[SeenObject, ...]
    background: str


class Judge(torch.nn.Module):
    """A small convolutional network: a map of object centres at a quarter of the size, and the background's colour."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 48, 96, 128, 128, 128, 128)
        strides = (1, 2, 2, 1, 1, 1, 1)
        self.layers = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
                torch.nn.BatchNorm2d(after),
                torch.nn.ReLU(),
            )
            for before, after, stride in zip(widths, widths[1:], strides, strict=False)
        )
        self.centres = torch.nn.Conv2d(widths[-1], len(OBJECT_NAMES), 1)
        self.background = torch.nn.Linear(widths[-1], len(COLOURS))
        torch.nn.init.constant_(self.centres.bias, -4.0)  # nearly every cell is empty

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures [N, 3, 64, 64], −1 to 1, to centre logits [N, objects, 16, 16] and colour logits [N, colours]."""
        seen = pictures
        for index, layer in enumerate(self.layers):
            inner = layer(seen)
            seen = inner + seen if inner.shape == seen.shape and index else inner
        return self.centres(seen), self.background(seen.mean((2, 3)))

    @torch.no_grad()
    def look(self, pictures: npt.NDArray[np.uint8]) -> list[Verdict]:
        """What is in pictures [N, 64, 64, 3], 0–255."""
        centres, backgrounds = self(to_tensor(list(pictures)))
        scores = centres.sigmoid()
        peaks = scores * (scores == functional.max_pool2d(scores, 3, 1, 1))
        names = list(COLOURS)
        return [
            Verdict(_objects(peak.numpy()), names[int(colour)])
            for peak, colour in zip(peaks, backgrounds.argmax(1), strict=True)
        ]


def _objects(peaks: npt.NDArray[np.float32]) -> tuple[SeenObject, ...]:
    """The certain peaks of [objects, 16, 16], where two claim one place only the more certain."""
    found = sorted(
        (
            SeenObject(OBJECT_NAMES[kind], (column + 0.5) * CELL, (row + 0.5) * CELL, float(peaks[kind, row, column]))
            for kind, row, column in zip(*np.nonzero(peaks > _CERTAIN), strict=True)
        ),
        key=lambda seen: -seen.score,
    )
    kept: list[SeenObject] = []
    for seen in found:
        if all(np.hypot(seen.across - other.across, seen.down - other.down) > _SAME_OBJECT for other in kept):
            kept.append(seen)
    return tuple(kept)


def arrangement_of(verdict: Verdict, first: str) -> str | None:
    """How the one or two objects that were seen stand, as a scene's arrangement; None for any other number.

    Args:
        verdict: what was seen.
        first: the object that should be on the left or above.
    """
    if len(verdict.objects) == 1:
        (seen,) = verdict.objects
        across, down = seen.across - SIDE / 2, seen.down - SIDE / 2
        if max(abs(across), abs(down)) < SIDE / 8:
            return "centre"
        if abs(across) > abs(down):
            return "left" if across < 0 else "right"
        return "top" if down < 0 else "bottom"
    if len(verdict.objects) != 2:
        return None
    one, other = sorted(verdict.objects, key=lambda seen: seen.name != first)
    across, down = other.across - one.across, other.down - one.down
    if abs(across) > abs(down):
        return "left of" if across > 0 else "right of"
    return "above" if down > 0 else "below"
