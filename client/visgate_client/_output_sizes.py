"""Remembers how large a tool's outputs were, to put enough memory aside for the next; holds no memory itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

_TELLING_PIXELS = 64 * 64  # outputs for a smaller picture say little about those for a large one, nor these about those


class OutputSizes:
    """Bytes of each tool's outputs for each pixel of its pictures, or in all for a tool that is given none."""

    def __init__(self) -> None:
        self._bytes_per_pixel: dict[str, dict[str, float]] = {}

    def expect(self, tool: str, pixels: int) -> dict[str, int]:
        """Returns how many bytes each output will have for so many pixels; empty where nothing is known."""
        if _tells_little(pixels):
            return {}
        per_pixel = self._bytes_per_pixel.get(tool, {})
        return {tensor: round(factor * max(1, pixels)) for tensor, factor in per_pixel.items()}

    def learn(self, tool: str, pixels: int, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Takes note of an answer; the largest one counts."""
        if _tells_little(pixels):
            return
        known = self._bytes_per_pixel.get(tool, {})
        sizes = {tensor: array.nbytes / max(1, pixels) for tensor, array in arrays.items() if array.dtype.kind != "O"}
        larger = {tensor: size for tensor, size in sizes.items() if size > known.get(tensor, -1.0)}
        if larger:
            self._bytes_per_pixel[tool] = known | larger


def _tells_little(pixels: int) -> bool:
    return 0 < pixels < _TELLING_PIXELS
