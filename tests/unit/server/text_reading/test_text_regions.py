"""Lines of text are found where the map says, follow a bend, and keep their reading direction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.text_reading.detector_input import LONG_SIDE, MARGIN, STRIDE, detector_input
from visgate_server.text_reading.line_images import LINE_HEIGHT, WIDEST, cut_line, orientation_pieces, padded_width
from visgate_server.text_reading.reading_order import reading_rows
from visgate_server.text_reading.text_regions import TextLine, find_text_lines


def drawn(*boxes: tuple[tuple[float, float], tuple[float, float], float]) -> NDArray[np.float32]:
    """A probability map with filled rectangles, each centre, size and angle in degrees."""
    probability = np.zeros((400, 600), np.float32)
    for box in boxes:
        cv2.fillPoly(probability, [np.rint(cv2.boxPoints(box)).astype(np.int32)], (0.9,))
    return probability


def straight(x: float, y: float, width: float, height: float) -> TextLine:
    quad = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
    return TextLine(quad, np.zeros(13, np.float32), height)


def test_a_level_line_is_found_and_grown() -> None:
    [line] = find_text_lines(drawn(((300, 200), (200, 20), 0)))
    left, top = line.quad[0]
    right, bottom = line.quad[2]
    assert left < 200 < 400 < right
    assert top < 190 < 210 < bottom
    assert (left + right) / 2 == pytest.approx(300, abs=2)
    assert bottom - top == pytest.approx(line.height, abs=2)


@pytest.mark.parametrize("angle", [0, 30, -30, 60, 89, 120, 180])
def test_the_first_side_runs_along_the_text_and_corners_go_clockwise(angle: float) -> None:
    [line] = find_text_lines(drawn(((300, 200), (200, 20), angle)))
    along, across = line.quad[1] - line.quad[0], line.quad[3] - line.quad[0]
    assert np.hypot(*along) > 3 * np.hypot(*across)
    assert along[0] * across[1] - along[1] * across[0] > 0
    direction = np.degrees(np.arctan2(along[1], along[0]))
    assert min(abs(direction - angle) % 180, 180 - abs(direction - angle) % 180) < 3


def test_faint_and_thin_areas_are_no_text() -> None:
    assert find_text_lines(drawn(((300, 200), (200, 20), 0)) * 0.45) == []
    assert find_text_lines(drawn(((300, 200), (200, 1), 0))) == []
    assert find_text_lines(np.zeros((64, 64), np.float32)) == []


def test_a_bent_line_is_cut_out_straight() -> None:
    columns = np.arange(100, 500)
    middle = 200 + 30 * np.sin((columns - 100) / 400 * np.pi)
    probability = np.zeros((400, 600), np.float32)
    picture = np.full((400, 600, 3), 255, np.uint8)
    for x, y in zip(columns, middle, strict=True):
        probability[round(y) - 6 : round(y) + 7, x] = 0.9
        picture[round(y) - 2 : round(y) + 3, x] = 0
    [line] = find_text_lines(probability)
    assert line.height < 60, "the bow is not part of the line's height"
    cut = cut_line(picture, line)
    rows = np.arange(LINE_HEIGHT)
    dark = 255.0 - cut[:, cut.shape[1] // 10 : -cut.shape[1] // 10, 0]
    middles = rows @ dark / dark.sum(axis=0)
    assert np.ptp(middles) < 8
    assert middles.mean() == pytest.approx((LINE_HEIGHT - 1) / 2, abs=4)


def test_turning_a_line_reads_it_from_the_other_end() -> None:
    picture = np.full((100, 300, 3), 255, np.uint8)
    picture[40:50, 50:70] = 0
    line = straight(40, 35, 200, 30)
    line = TextLine(line.quad, np.linspace(0, 3, 13).astype(np.float32), line.height)
    upright, turned = cut_line(picture, line), cut_line(picture, line.turned())
    np.testing.assert_allclose(turned[::-1, ::-1].astype(int), upright.astype(int), atol=30)
    assert np.abs(turned.astype(int) - upright).max() > 200


@pytest.mark.parametrize("size", [(191, 384), (1, 1), (3, 2000), (2000, 3), (4096, 4096), (20, 60000)])
def test_every_picture_becomes_a_detector_input(size: tuple[int, int]) -> None:
    height, width = size
    ready = detector_input(np.zeros((height, width, 3), np.uint8))
    assert all(side % STRIDE == 0 and side <= LONG_SIDE + 2 * MARGIN + STRIDE for side in ready.image.shape[:2])
    corner = straight(MARGIN, MARGIN, width * ready.scale[0], height * ready.scale[1]).scaled(MARGIN, ready.scale)
    np.testing.assert_allclose(corner.quad[2], [width, height], rtol=1e-4)


def test_lines_of_any_length_can_be_cut() -> None:
    strip = np.zeros((30, 60_000, 3), np.uint8)
    strip[:, 30_000:] = 255
    cut = cut_line(strip, straight(0, 0, 60_000, 30))
    assert cut.shape == (LINE_HEIGHT, WIDEST, 3)
    assert cut[:, : WIDEST // 2 - 5].max() == 0
    assert cut[:, WIDEST // 2 + 5 :].min() == 255
    assert cut_line(strip, straight(5, 5, 0.2, 9)).shape[0] == LINE_HEIGHT
    assert all(piece.shape == (48, 192, 3) for piece in orientation_pieces(cut))
    assert padded_width(cut) == WIDEST


def test_rows_are_read_from_the_top_and_each_from_the_left() -> None:
    lines = [straight(300, 52, 100, 20), straight(10, 100, 90, 20), straight(10, 50, 200, 20), straight(10, 75, 90, 20)]
    assert reading_rows(lines) == [[2, 0], [3], [1]]
    assert reading_rows([]) == []


def test_a_page_that_lies_on_its_side_is_read_in_its_own_order() -> None:
    def on_its_side(line: TextLine) -> TextLine:
        return TextLine(np.stack([500 - line.quad[:, 1], line.quad[:, 0]], axis=1), line.bend, line.height)

    lines = [straight(10, 100, 90, 20), straight(10, 50, 200, 20), straight(10, 75, 90, 20)]
    assert reading_rows([on_its_side(line) for line in lines]) == [[1], [2], [0]]
