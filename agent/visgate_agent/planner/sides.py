"""Reads how much larger a picture is to grow, and to which sides; knows words and no tool."""

from __future__ import annotations

import re

SIDES = frozenset({"left", "right", "top", "bottom"})
"""The arguments, in pixels, of a tool that makes pictures larger by painting on."""

USUAL_PIXELS = 128
"""Where a request names a side and no number: half the side of a drawing as the pocket networks make it."""

_WORDS = {
    "left": r"left(?:wards?)?",
    "right": r"right(?:wards?)?",
    "top": r"top|up(?:wards?)?|above|higher|taller",
    "bottom": r"bottom|down(?:wards?)?|below",
}
_GROUPS = (
    (r"\b(?:all|every|each)\s+(?:four\s+)?(?:sides?|borders?|directions?)|\ball around", SIDES),
    (r"\b(?:both|either)\s+sides?|\bwider|\bwiden|\bsideways|\bhorizontally|\bbroader", {"left", "right"}),
    (r"\bvertically", {"top", "bottom"}),
)
_PIXELS = re.compile(r"\bby\s+(\d+)\b(?!\s*[x×])|\b(\d+)\s*(?:px|pixels?)\b", re.I)
_SIZE = re.compile(r"\b(\d+)\s*(?:pixels\s+)?(?:x|×|by)\s*(\d+)\b", re.I)


def growth(clause: str) -> dict[str, int]:
    """The size of the result as `width` and `height`, or the pixels to add by side; nothing if the clause says neither.

    "extend it to the right by 64 pixels" adds 64 on the right, "make the picture wider" the usual number on both
    sides, "extend it to 512 x 384" is a size.
    """
    if size := _SIZE.search(clause):
        return {"width": int(size.group(1)), "height": int(size.group(2))}
    number = _PIXELS.search(clause)
    pixels = int(number.group(1) or number.group(2)) if number else USUAL_PIXELS
    sides = {side for side, words in _WORDS.items() if re.search(rf"\b(?:{words})\b", clause, re.I)}
    for words, group in _GROUPS:
        if re.search(words, clause, re.I):
            sides.update(group)
    if not sides and number:
        sides = set(SIDES)
    return dict.fromkeys(sorted(sides), pixels)
