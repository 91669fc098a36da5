"""The scores by which tools are measured are right for what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tool_quality.measured import Measured
from benchmarks.tool_quality.outlines import f_score
from benchmarks.tool_quality.reading import character_accuracy, edit_distance
from benchmarks.tool_quality.record import with_new_figures
from benchmarks.tool_quality.rendered_text import Style, pages


def test_edit_distance_counts_what_is_inserted_deleted_and_exchanged() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3
    assert edit_distance("abc", "abc") == 0
    assert character_accuracy("abxd", "abcd") == pytest.approx(0.75)
    assert character_accuracy("", "abcd") == 0
    assert character_accuracy("something else altogether", "ab") == 0


def test_a_page_has_ink_on_paper_and_says_what_is_printed() -> None:
    page, other = pages(Style(24, ink=110, paper=150), 2, seed=1)
    assert page.picture.max() == 150
    assert page.picture.min() == 110
    assert len(page.lines) == 4
    assert page.lines != other.lines
    assert all(line[0].isupper() and line.endswith(".") for line in page.lines)
    tilted, _ = pages(Style(24, tilt=8.0), 2, seed=1)
    assert tilted.lines == page.lines
    assert tilted.picture.shape[0] > page.picture.shape[0]


def test_new_figures_take_the_place_of_the_same_tools_old_ones() -> None:
    old = [Measured("read_text", "old", 0.1, None, 1), Measured("find_object", "kept", 0.2, None, 1)]
    new = [Measured("read_text", "new", 0.3, None, 1)]
    assert [figure.figure for figure in with_new_figures(old, new)] == ["kept", "new"]


def test_lines_agree_within_reach() -> None:
    line, beside, far = (np.zeros((20, 20), np.bool_) for _ in range(3))
    line[5], beside[7], far[15] = True, True, True
    assert f_score(line, beside, 2) == 1
    assert f_score(line, beside, 1) == 0
    assert f_score(line | far, line, 1) == pytest.approx(2 / 3), "half of it is right, and all of the other is found"
