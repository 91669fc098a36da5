"""A scribble has one stroke along each ridge of an edge map."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from visgate_server.image_processing.scribble import edge_ridges, scribble


def soft_line(width: int = 12, strength: float = 255.0) -> NDArray[np.float32]:
    """A soft upright line about column 50 of a map of 100 × 100."""
    edges = np.zeros((100, 100), np.float32)
    edges[:, 50 - width // 2 : 50 + width // 2 + 1] = strength
    return np.asarray(cv2.GaussianBlur(edges, (0, 0), 2.0))


def test_a_thick_soft_line_thins_to_its_middle() -> None:
    ridges = edge_ridges(soft_line())
    assert ridges[10:90, 50].all()
    # Exactly along a line every pixel is as strong as its neighbours on it, in that one direction.
    assert set(np.flatnonzero(ridges[10:90].any(axis=0))) <= set(range(44, 57))


def test_a_weak_line_is_left_out() -> None:
    assert edge_ridges(soft_line(strength=255.0)).any()
    assert not edge_ridges(soft_line(strength=100.0)).any()


def test_the_strokes_are_those_of_the_annotators_two_thresholds() -> None:
    """The annotator's own steps, written out pixel by pixel."""
    edges = np.asarray(cv2.GaussianBlur(np.random.default_rng(5).random((60, 70), np.float32) * 255, (0, 0), 2.0))
    edges = np.clip((edges - edges.mean()) * 6 + 90, 0, 255).astype(np.float32)
    smooth = np.pad(cv2.GaussianBlur(edges, (0, 0), 3.0), 1, constant_values=-1)
    ridges = np.zeros((60, 70), np.float32)
    for row in range(60):
        for column in range(70):
            around = smooth[row : row + 3, column : column + 3]
            lines = (around[1], around[:, 1], around.diagonal(), np.fliplr(around).diagonal())
            if around[1, 1] > 127 and any(around[1, 1] == line.max() for line in lines):
                ridges[row, column] = 255.0
    expected = cv2.GaussianBlur(ridges, (0, 0), 3.0) > 4
    assert 0.1 < expected.mean() < 0.9
    assert np.array_equal(scribble(edges, (70, 60)) == 255, expected)


def test_strokes_grow_with_the_picture() -> None:
    edges = soft_line(4)
    small = (scribble(edges, (100, 100)) > 0).mean()
    large = scribble(edges, (400, 300))
    assert large.shape == (300, 400)
    assert abs((large > 0).mean() - small) < 0.02
