"""Cuts three things out of photographs along hand-drawn outlines, and pastes them into others: where they are is known.

The outlines were drawn on prints twice as large, to within two or three pixels. Pasting makes an edge that is sharper
than a photograph's, and light that does not fit; what is pasted is as real as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tool_quality.photographs import photograph
from visgate_server.image_processing.resizing import resized

UInt8Array = NDArray[np.uint8]

SIDE = 480
"""Width and height of a composite in pixels."""
_SIZES = (0.55, 0.9)
"""Shares of the side between which the pasted thing's longer side is."""
_BACKGROUNDS = ("brick", "grass", "gravel", "immunohistochemistry", "moon", "rocket")
_FINER = 8
"""Outlines are drawn so many times as fine as pixels, so that the pasted thing's edge is smooth."""


@dataclass(frozen=True)
class CutOut:
    """One thing in one photograph.

    Attributes:
        photo: as scikit-image calls it.
        thing: COCO's word.
        outline: corners x, y in pixels of the photograph.
        cut_below: the photograph's lower edge cuts it off: it is pasted at the lower edge.
        cut_left: the same for the left edge.
    """

    photo: str
    thing: str
    outline: tuple[tuple[int, int], ...]
    cut_below: bool = False
    cut_left: bool = False


@dataclass(frozen=True, eq=False)
class Composite:
    """A picture with one thing pasted into it.

    Attributes:
        picture: UINT8 [480, 480, 3].
        thing: COCO's word for it.
        mask: bool [480, 480], where it is.
    """

    picture: UInt8Array
    thing: str
    mask: NDArray[np.bool_]


# fmt: off
ASTRONAUT = CutOut("astronaut", "person", (
    (19, 420), (20, 385), (24, 350), (30, 318), (41, 290), (52, 262), (68, 245), (90, 226), (110, 212), (114, 200),
    (115, 186), (125, 168), (140, 155), (158, 149), (176, 149), (186, 152), (185, 140), (178, 128), (168, 117),
    (157, 103), (154, 82), (160, 62), (170, 48), (188, 33), (205, 22), (228, 15), (250, 17), (270, 26), (288, 45),
    (298, 68), (301, 90), (295, 110), (284, 124), (272, 135), (264, 152), (256, 172), (274, 180), (290, 198),
    (301, 220), (305, 235), (325, 245), (342, 262), (351, 285), (357, 310), (362, 335), (364, 350), (345, 358),
    (325, 369), (306, 386), (292, 405), (283, 430), (279, 460), (277, 490), (279, 512), (60, 512), (40, 495),
    (28, 470), (24, 445),
), cut_below=True)
"""Without her helmet, which she holds before her."""

MAN_WITH_CAMERA = CutOut("camera", "person", (
    (0, 262), (0, 250), (18, 234), (32, 216), (44, 194), (54, 176), (68, 154), (84, 140), (106, 129), (130, 124),
    (138, 116), (150, 108), (160, 105), (164, 94), (172, 82), (186, 70), (204, 64), (226, 69), (244, 80), (258, 94),
    (268, 110), (271, 124), (266, 131), (258, 127), (254, 135), (257, 142), (253, 148), (254, 152), (250, 156),
    (254, 168), (252, 172), (245, 173), (247, 180), (243, 186), (242, 196), (244, 210), (246, 232), (249, 246),
    (262, 236), (278, 244), (288, 260), (300, 262), (304, 274), (290, 284), (270, 298), (248, 312), (228, 305),
    (206, 294), (196, 312), (182, 330), (165, 350), (142, 381), (145, 398), (149, 430), (150, 470), (149, 512),
    (138, 512), (130, 488), (118, 468), (100, 448), (98, 470), (93, 495), (90, 512), (0, 512),
), cut_below=True, cut_left=True)
"""Without the camera, its tripod, and the hand behind them."""

CUP = CutOut("coffee", "cup", (
    (173, 112), (174, 92), (180, 70), (194, 50), (214, 34), (240, 23), (268, 18), (296, 18), (326, 24), (354, 36),
    (378, 52), (396, 72), (404, 94), (407, 114), (402, 140), (394, 170), (384, 200), (374, 226), (362, 240),
    (345, 240), (330, 243), (320, 252), (322, 258), (326, 262), (318, 276), (300, 284), (280, 284), (258, 276),
    (244, 288), (232, 302), (218, 306), (204, 302), (197, 290), (196, 276), (204, 256), (212, 240), (204, 228),
    (192, 204), (182, 178), (176, 148),
))
"""Without its saucer and spoon."""
# fmt: on

PEOPLE = (ASTRONAUT, MAN_WITH_CAMERA)


def composites(cut_outs: Sequence[CutOut], count: int, seed: int) -> Iterator[Composite]:
    """So many pictures, each with one of the things in turn, of any size, half of them mirrored."""
    random = np.random.default_rng(seed)
    for number in range(count):
        cut = cut_outs[number % len(cut_outs)]
        background = resized(photograph(_BACKGROUNDS[number % len(_BACKGROUNDS)]), SIDE, SIDE)
        picture, mask = _pasted(background, cut, random)
        if random.random() < 0.5:
            picture, mask = np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
        yield Composite(picture, cut.thing, mask)


def _pasted(background: UInt8Array, cut: CutOut, random: np.random.Generator) -> tuple[UInt8Array, NDArray[np.bool_]]:
    photo, outline = photograph(cut.photo), np.array(cut.outline)
    (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    factor = float(random.uniform(*_SIZES)) * SIDE / max(right - left, bottom - top)
    width, height = round((right - left) * factor), round((bottom - top) * factor)
    colours = resized(photo[top:bottom, left:right], width, height).astype(np.float32)
    alpha = _alpha(outline - (left, top), (right - left, bottom - top), (width, height))
    x = 0 if cut.cut_left else int(random.integers(0, SIDE - width + 1))
    y = SIDE - height if cut.cut_below else int(random.integers(0, SIDE - height + 1))
    picture, mask = background.copy(), np.zeros((SIDE, SIDE), np.bool_)
    window = picture[y : y + height, x : x + width]
    window[:] = np.rint(window * (1 - alpha[..., None]) + colours * alpha[..., None]).astype(np.uint8)
    mask[y : y + height, x : x + width] = alpha > 0.5
    return picture, mask


def _alpha(outline: NDArray[np.int64], size: tuple[int, int], scaled: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel lies within an outline, 0–1, at another size."""
    fine = np.zeros((size[1] * _FINER, size[0] * _FINER), np.uint8)
    cv2.fillPoly(fine, [outline.astype(np.int32) * _FINER], (255,))
    return cv2.resize(fine, scaled, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
