"""What is cut out of a picture and put back changes the picture under the mask, and not one pixel besides."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.inpainting_patch import inpainting_patch

SIDE, ENLARGING = 64, 4


def photo(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), np.uint8)


def mask_of(height: int, width: int, top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


PLACES = {
    "a drawing itself": mask_of(64, 64, 10, 40, 20, 50),
    "a drawing enlarged": mask_of(256, 256, 60, 200, 0, 90),
    "a tall photo": mask_of(1500, 700, 1300, 1500, 600, 700),
    "wider than the picture is high": mask_of(100, 700, 0, 100, 100, 650),
    "all of a small picture": mask_of(30, 20, 0, 30, 0, 20),
    "one pixel": mask_of(300, 300, 0, 1, 299, 300),
}


@pytest.mark.parametrize("name", PLACES)
def test_outside_the_mask_nothing_changes_and_deep_inside_everything(name: str) -> None:
    mask = PLACES[name]
    picture = photo(*mask.shape)
    patch = inpainting_patch(picture, mask, SIDE, ENLARGING)
    window = patch.window
    red = np.full((256, 256, 3), (255, 0, 0), np.uint8)
    before = picture.copy()
    pasted = patch.pasted(red)
    assert (picture == before).all(), "the caller's picture is not written to"
    assert (pasted[~mask] == picture[~mask]).all()
    deep = cv2.erode(mask.astype(np.uint8), np.ones((3, 3)), iterations=1 + -(-2 * window.side // SIDE)) > 0
    assert (pasted[deep] == (255, 0, 0)).all()
    assert deep.any() or not mask[5:-5, 5:-5].any()


def test_the_seam_is_soft() -> None:
    mask = PLACES["a drawing enlarged"]
    black = np.zeros((256, 256, 3), np.uint8)
    pasted = inpainting_patch(black, mask, SIDE, ENLARGING).pasted(np.full((256, 256, 3), 255, np.uint8))
    across = pasted[130, 60:100, 0].astype(int)
    assert (np.diff(across) <= 0).all()
    assert 3 <= np.count_nonzero((across > 0) & (across < 255)) <= 5, "about a pixel of the drawing, which are four"
    assert pasted[130, 0, 0] == 255, "the picture's own edge is no seam"


@pytest.mark.parametrize("shift", [(9, -12, 4), (30, 45, -25)])
def test_a_drawing_that_is_off_in_shade_leaves_no_square_behind(shift: tuple[int, int, int]) -> None:
    mask = PLACES["a drawing enlarged"]
    rows = np.linspace(150, 220, 256)[:, None, None]
    picture = np.rint(rows * [1.0, 0.5, 0.2]).astype(np.uint8).repeat(256, axis=1)
    patch = inpainting_patch(picture, mask, SIDE, ENLARGING)
    drawn = patch.image_to_draw() + np.array(shift)
    drawn[30:36, 5:15] = 300
    pasted = patch.pasted(np.clip(drawn, 0, 255).astype(np.uint8)).astype(int)
    assert np.abs(pasted - picture)[:110].max() <= 2, "the floor is the floor again"
    assert (pasted[124:140, 28:50] > 200).all(), "what was drawn on it stays"


@pytest.mark.parametrize("name", PLACES)
def test_the_square_holds_the_mask_and_as_much_of_the_picture_as_helps(name: str) -> None:
    mask = PLACES[name]
    rows, columns = mask.shape
    window = inpainting_patch(photo(rows, columns), mask, SIDE, ENLARGING).window
    covered = np.zeros_like(mask)
    covered[window.rows(mask), window.columns(mask)] = True
    assert covered[mask].all()
    extent = max(np.ptp(np.nonzero(mask.any(axis))) + 1 for axis in (0, 1))
    assert window.side == max(min(max(256, 1.5 * extent), rows, columns), extent)
    if window.side <= min(rows, columns):
        assert covered.sum() == window.side**2, "it reaches over the picture only where it has to"


def test_a_large_mask_gets_surroundings() -> None:
    mask = mask_of(1000, 1200, 300, 700, 100, 400)
    assert inpainting_patch(photo(1000, 1200), mask, SIDE, ENLARGING).window.side == 600


def test_what_is_drawn_is_the_square_and_the_whole_of_the_mask() -> None:
    mask = mask_of(256, 256, 101, 102, 50, 150)
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[:, 128:] = 200
    patch = inpainting_patch(picture, mask, SIDE, ENLARGING)
    assert (patch.image_to_draw() == np.repeat([0, 200], 32)[None, :, None]).all()
    drawn = patch.mask_to_draw()
    assert set(np.unique(drawn)) == {0, 255}
    assert np.flatnonzero(drawn.any(1)).tolist() == [25], "a line thinner than a pixel of the drawing is not lost"
    assert np.flatnonzero(drawn.any(0)).tolist() == list(range(12, 38))


def test_a_square_that_reaches_over_the_picture_goes_on_as_the_edge_is() -> None:
    picture = photo(100, 300)
    patch = inpainting_patch(picture, mask_of(100, 300, 40, 100, 0, 300), SIDE, ENLARGING)
    cut = patch.window.cut(picture)
    assert cut.shape == (300, 300, 3)
    assert (cut[100:200] == picture).all()
    assert (cut[:100] == picture[0]).all()
    assert (cut[200:] == picture[-1]).all()
    assert patch.mask[200:].all(), "what is beyond the edge is drawn with what is at it"
    assert not patch.mask[:140].any()
    assert patch.is_larger_than_drawing
