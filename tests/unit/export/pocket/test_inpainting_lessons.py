"""Masks cover what they are for, and lessons of inpainting change nothing outside them."""

from itertools import islice

import numpy as np
import pytest
import torch

from visgate_export.pocket import lessons as lesson_bank
from visgate_export.pocket.architectures import autoencoder
from visgate_export.pocket.inpainting.inpainting_lessons import inpainting_lessons, replacement_in
from visgate_export.pocket.inpainting.masks import Box, box_of, grown, random_shape, rough_outline, square_around
from visgate_export.pocket.lessons import Lesson, fill_lessons
from visgate_export.pocket.objects import OBJECTS
from visgate_export.pocket.picture_tensors import fold, to_tensor
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.diffusion.draw_request import DrawRequest
from visgate_server.diffusion.fitted_pictures import fit_pictures


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return list(islice(inpainting_lessons(SceneRenderer(read_sprites()), 4), 150))


def test_outside_the_mask_nothing_changes(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        assert lesson.mask is not None
        assert np.array_equal(lesson.before[~lesson.mask], lesson.after[~lesson.mask])
        assert 0.02 < lesson.mask.mean() < 0.96


def test_lessons_ask_for_things_and_for_nothing(lessons: list[Lesson]) -> None:
    texts = {text for lesson in lessons for text in lesson.texts}
    assert {"", "background", "empty background"} <= texts
    assert any(text.startswith("a ") and len(text.split()) == 2 for text in texts)
    assert sum(len(text.split()) > 5 for text in texts) > 20


def test_where_nothing_is_asked_for_only_floor_is_left(lessons: list[Lesson]) -> None:
    """Under a mask without text the picture is as smooth as the floor, but for objects that reach into it."""
    words = [word for one in OBJECTS for word in one.words]
    empty = [lesson for lesson in lessons if not any(word in text for text in lesson.texts for word in words)]
    assert len(empty) > 5
    smooth = [
        lesson.mask is not None and np.abs(np.diff(lesson.after.astype(int), axis=1))[lesson.mask[:, 1:]].mean() < 6
        for lesson in empty
    ]
    assert np.mean(smooth) > 0.7


def test_a_rough_outline_is_about_the_object() -> None:
    renderer, random = SceneRenderer(read_sprites()), np.random.default_rng(0)
    for scene in islice(scenes(8), 30):
        mask = renderer.render(scene).masks[0]
        if mask.any():
            rough = rough_outline(mask, random)
            assert (rough & mask).sum() > 0.9 * mask.sum()
            assert not (rough & ~grown(mask, 10)).any()
            assert not np.array_equal(rough, mask)


def test_growing_is_by_pixels() -> None:
    mask = np.zeros((21, 21), np.bool_)
    mask[10, 10] = True
    assert np.array_equal(grown(mask, 0), mask)
    assert box_of(grown(mask, 3)) == Box(7, 7, 14, 14)


def test_a_box_is_the_smallest_and_its_square_holds_it() -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[20:50, 28:36] = True
    box = box_of(mask)
    assert box == Box(28, 20, 36, 50)
    for seed in range(20):
        square = square_around(box, np.random.default_rng(seed))
        assert abs(square.width - square.height) <= 1
        assert (square.mask(SIDE) & mask).sum() > 0.9 * mask.sum()
    with pytest.raises(ValueError, match="empty mask"):
        box_of(np.zeros((4, 4), np.bool_))


def test_a_replacement_fits_its_box_and_the_picture() -> None:
    for box in (Box(10, 20, 45, 55), Box(-5, -5, 27, 27), Box(40, 40, 70, 70)):
        placed = replacement_in(box, "dog", 3)
        assert placed.side <= box.width - 3
        assert 0 <= placed.left <= SIDE - placed.side
        assert 0 <= placed.top <= SIDE - placed.side


def test_shapes_leave_something_and_cover_something() -> None:
    random = np.random.default_rng(0)
    shares = [random_shape(SIDE, random).mean() for _ in range(200)]
    assert 0.03 < min(shares) < 0.2
    assert 0.7 < max(shares) < 0.97


def test_the_unet_learns_on_what_the_engine_will_show_it(
    lessons: list[Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in ("_DRAWN_SHARE", "_BLURRED_SHARE", "_NOISY_SHARE"):
        monkeypatch.setattr(lesson_bank, share, 0.0)
    torch.manual_seed(0)
    network = autoencoder().eval().requires_grad_(False)
    network.register_to_config(scaling_factor=0.7)
    bank = fill_lessons(network, iter(lessons[:6]), 6, 0)
    for row, lesson in enumerate(lessons[:6]):
        assert lesson.mask is not None
        level = np.where(lesson.mask, np.uint8(255), np.uint8(0))
        fitted = fit_pictures(DrawRequest("", unet="inpaint", image=lesson.before, mask=level), 8)
        assert fitted.mask is not None
        assert fitted.guide is not None
        assert np.array_equal(bank.beside[row, :1].numpy(), fitted.mask)
        latents = network.encode(fold(to_tensor([fitted.guide]))).latent_dist.mode() * 0.7
        assert torch.allclose(bank.beside[row, 1:].float(), latents[0], atol=0.05 * float(latents.abs().max()))


def test_edited_pictures_are_shown_unscaled_as_the_engine_does(
    lessons: list[Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in ("_DRAWN_SHARE", "_BLURRED_SHARE", "_NOISY_SHARE"):
        monkeypatch.setattr(lesson_bank, share, 0.0)
    torch.manual_seed(0)
    network = autoencoder().eval().requires_grad_(False)
    network.register_to_config(scaling_factor=0.5)
    unmasked = Lesson(lessons[0].before, lessons[0].before, ("",))
    bank = fill_lessons(network, iter([unmasked]), 1, 0)
    assert torch.allclose(0.5 * bank.beside.float(), bank.after.float(), atol=2e-3)
    assert torch.allclose(bank.importance.float(), torch.ones(1))


def test_cells_that_change_count_more(lessons: list[Lesson]) -> None:
    torch.manual_seed(0)
    network = autoencoder().eval().requires_grad_(False)
    network.register_to_config(scaling_factor=0.7)
    bank = fill_lessons(network, iter(lessons[:6]), 6, 0)
    for row, lesson in enumerate(lessons[:6]):
        assert lesson.mask is not None
        cells = torch.from_numpy(lesson.mask.reshape(8, 8, 8, 8).any((1, 3)))
        weights = bank.importance[row, 0].float()
        assert weights.mean() == pytest.approx(1, abs=1e-2)
        if not cells.all():
            assert weights[cells].min() > 2 * weights[~cells].max()
