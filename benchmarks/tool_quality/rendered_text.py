"""Pages of text whose every character is known, in several fonts, sizes and contrasts; reads none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from visgate_export.pocket.captions import HELD_OUT, caption
from visgate_export.pocket.scenes import sample_combination

FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSansMono.ttf",
    "LiberationSans-Regular.ttf",
    "LiberationSans-Italic.ttf",
    "LiberationSerif-Bold.ttf",
    "LiberationMono-Regular.ttf",
)
"""Of Debian's `fonts-dejavu` and `fonts-liberation`; those that a machine lacks are left out. Pillow's own is always
used."""

_LINES = 4
_MARGIN = 24
_LEADING = 1.8


@dataclass(frozen=True)
class Style:
    """How a page is printed.

    Attributes:
        size: of the letters in pixels.
        ink: grey level of the letters, 0–255.
        paper: grey level of the page.
        tilt: degrees by which the page is turned.
    """

    size: int
    ink: int = 0
    paper: int = 255
    tilt: float = 0.0


@dataclass(frozen=True, eq=False)
class Page:
    """A picture, UINT8 [height, width, 3], and the lines that are printed on it."""

    picture: NDArray[np.uint8]
    lines: tuple[str, ...]


def pages(style: Style, count: int, seed: int) -> list[Page]:
    """Pages of four lines, each page in the next of the fonts."""
    random = np.random.default_rng(seed)
    fonts = available_fonts()
    return [_page(style, fonts[number % len(fonts)], random) for number in range(count)]


@cache
def available_fonts() -> tuple[str | None, ...]:
    """Names of the fonts of this machine; None for Pillow's own."""
    found: list[str | None] = [None]
    for name in FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        found.append(name)
    return tuple(found)


def _page(style: Style, name: str | None, random: np.random.Generator) -> Page:
    font = ImageFont.load_default(style.size) if name is None else ImageFont.truetype(name, style.size)
    lines = tuple(_line(random) for _ in range(_LINES))
    step = round(style.size * _LEADING)
    width = round(max(font.getlength(line) for line in lines)) + 2 * _MARGIN
    page = Image.new("RGB", (width, step * _LINES + 2 * _MARGIN), (style.paper,) * 3)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, _MARGIN + number * step), line, fill=(style.ink,) * 3, font=font)
    if style.tilt:
        page = page.rotate(style.tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=(style.paper,) * 3)
    return Page(np.asarray(page, np.uint8), lines)


def _line(random: np.random.Generator) -> str:
    """A sentence with a capital, a number and a full stop."""
    said = caption(sample_combination(random), random, HELD_OUT).text
    return f"{said[0].upper()}{said[1:]} {int(random.integers(10, 10_000))}."
