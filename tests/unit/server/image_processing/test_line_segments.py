"""M-LSD's maps become segments, each line once."""

from __future__ import annotations

import numpy as np

from visgate_server.image_processing.line_segments import Segments, decode_segments, without_repeats


def segments(*ends: tuple[float, float, float, float]) -> Segments:
    """Segments, the first the strongest."""
    return Segments(np.array(ends, np.float32), np.linspace(0.9, 0.5, len(ends), dtype=np.float32))


def test_a_cell_stands_for_a_segment_about_it() -> None:
    scores = np.zeros((20, 30), np.float32)
    offsets = np.zeros((20, 30, 4), np.float32)
    scores[5, 10], offsets[5, 10] = 0.8, (-4, -2, 4, 2)
    scores[12, 20], offsets[12, 20] = 0.9, (-5, 0, 50, 0)
    scores[1, 1] = 0.1
    found = decode_segments(scores, offsets, threshold=0.2, count=10)
    assert found.scores.tolist() == [np.float32(0.9), np.float32(0.8)]
    assert found.ends.tolist() == [[15, 12, 30, 12], [6, 3, 14, 7]], "strongest first, held inside the map"
    assert len(decode_segments(scores, offsets, threshold=0.2, count=1).scores) == 1
    assert len(decode_segments(scores, offsets, threshold=0.0, count=999).scores) == 3, "cells of 0 are no segments"


def test_a_segment_beside_a_stronger_one_is_a_repeat_whichever_way_round() -> None:
    found = segments((0, 0, 100, 0), (110, 2, 5, 1), (10, 2, 40, 1))
    assert without_repeats(found, 2.5).ends.tolist() == [[0, 0, 100, 0]]


def test_other_lines_stay() -> None:
    found = segments(
        (0, 0, 100, 0),
        (0, 5, 100, 5),  # parallel, too far
        (50, -30, 50, 30),  # across
        (110, 0, 200, 0),  # further along
        (0, 0, 30, 30),  # from the same point
    )
    assert len(without_repeats(found, 2.5).ends) == 5


def test_a_longer_line_through_a_stronger_piece_stays() -> None:
    assert len(without_repeats(segments((40, 0, 60, 0), (0, 1, 100, 1)), 2.5).ends) == 2


def test_points_and_nothing_at_all_do_no_harm() -> None:
    assert len(without_repeats(segments((5, 5, 5, 5), (5, 5, 5, 5)), 2.5).ends) == 1
    nothing = Segments(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    assert len(without_repeats(nothing, 2.5).ends) == 0


def test_scaling_and_lengths() -> None:
    scaled = segments((0, 0, 3, 2)).scaled(1.0, 2.0)
    assert scaled.ends.tolist() == [[0, 0, 3, 4]]
    assert scaled.lengths.tolist() == [5.0]
