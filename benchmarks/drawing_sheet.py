"""Lays drawings and their prompts out on one sheet; judges nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_COLUMNS = 8
_SIDE = 128
_GAP = 12
_CAPTION_HEIGHT = 52
_CHARACTERS, _LINES = 23, 4
_FONT_SIZE = 11


def draw_sheet(drawings: Sequence[tuple[str, NDArray[np.uint8]]]) -> Image.Image:
    """The drawings in rows of eight, each enlarged to 128 × 128 pixels above its prompt.

    Args:
        drawings: prompts and UINT8 [height, width, 3], 0–255.
    """
    rows = -(-len(drawings) // _COLUMNS)
    width, height = _SIDE + _GAP, _SIDE + _CAPTION_HEIGHT + _GAP
    sheet = Image.new("RGB", (_COLUMNS * width + _GAP, rows * height + _GAP), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_FONT_SIZE)
    for number, (prompt, drawing) in enumerate(drawings):
        row, column = divmod(number, _COLUMNS)
        left, top = _GAP + column * width, _GAP + row * height
        sheet.paste(Image.fromarray(drawing).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), (left, top))
        lines = textwrap.wrap(prompt, _CHARACTERS, max_lines=_LINES, placeholder=" …")
        pen.multiline_text((left, top + _SIDE + 2), "\n".join(lines), "black", font, spacing=1)
    return sheet
