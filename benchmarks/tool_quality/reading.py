"""How many characters read_text reads right on pages whose text is known, by how they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.tool_quality.in_process import ask
from benchmarks.tool_quality.measured import Measured, mean_of
from benchmarks.tool_quality.rendered_text import Page, Style, available_fonts, pages

NAME = "reading"
TOOL = "read_text"
LINES = "lines without any mistake, spaces included, printed in 24 pixels"
GOALS: Mapping[str, float] = MappingProxyType({})

_STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "black on white, 24 pixels": Style(24),
        "black on white, 12 pixels": Style(12),
        "black on white, 8 pixels": Style(8),
        "faint (20 grey levels apart), 24 pixels": Style(24, ink=120, paper=140),
        "white on black, 24 pixels, turned by 8°": Style(24, ink=255, paper=0, tilt=8.0),
    }
)
_PLAIN = "black on white, 24 pixels"
_SHARE = 8
"""One page a style for so many scenes."""
_SEED = 60_005


def measure(scenes: int) -> list[Measured]:
    """Reads one page in each style for every eight scenes."""
    fonts, figures = len(available_fonts()), []
    for number, (name, style) in enumerate(_STYLES.items()):
        printed = pages(style, max(1, scenes // _SHARE), _SEED + number)
        read = [str(ask(TOOL, image=page.picture).data["text"]) for page in printed]
        right = [character_accuracy(text, "\n".join(page.lines)) for text, page in zip(read, printed, strict=True)]
        figures.append(mean_of(TOOL, f"characters right, {name}, {fonts} fonts", right, GOALS))
        if name == _PLAIN:
            lines = [_line_right(page, text) for text, page in zip(read, printed, strict=True)]
            figures.append(mean_of(TOOL, LINES, [right for page in lines for right in page], GOALS))
    return figures


def character_accuracy(read: str, true: str) -> float:
    """One less the edit distance as a share of the true text's length, at least 0."""
    return max(0.0, 1 - edit_distance(read, true) / len(true))


def edit_distance(one: str, other: str) -> int:
    """Characters to insert, to delete or to exchange to make one text of the other (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        after = [row]
        for column, wanted in enumerate(other, 1):
            after.append(min(before[column] + 1, after[-1] + 1, before[column - 1] + (letter != wanted)))
        before = after
    return before[-1]


def _line_right(page: Page, text: str) -> list[bool]:
    read = text.splitlines()
    return [line in read for line in page.lines]
