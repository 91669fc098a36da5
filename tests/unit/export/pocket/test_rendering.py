"""Pictures of scenes show the objects where the scene has them, and masks and depths tell the truth about them."""

import numpy as np
import pytest

from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import SIDE, Combination, PlacedObject, Scene
from visgate_export.pocket.sprites import read_sprites


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())


def scene_of(*placed: PlacedObject, background: str = "blue") -> Scene:
    names = tuple(one.name for one in placed)
    arrangement = "left of" if len(placed) == 2 else "centre"
    return Scene(Combination(names, arrangement, background), placed, COLOURS[background])


def test_there_is_a_picture_of_every_object() -> None:
    sprites = read_sprites()
    assert tuple(sprites) == OBJECT_NAMES
    flat = {name: sprite.tobytes() for name, sprite in sprites.items()}
    assert len(set(flat.values())) == len(OBJECT_NAMES)
    for sprite in sprites.values():
        assert sprite.shape == (64, 64, 4)
        assert 0.1 < (sprite[..., 3] > 127).mean() < 0.95


@pytest.mark.parametrize("background", COLOURS)
def test_the_background_has_its_colour_and_darkens_towards_the_far_edge(renderer, background: str) -> None:
    picture = renderer.picture(scene_of(PlacedObject("key", 24, 24, 16), background=background)).astype(float)
    near, far = picture[-1, 0], picture[0, 0]
    assert near == pytest.approx(COLOURS[background], abs=1)
    assert (far / near) == pytest.approx(0.78, abs=0.02)


def test_an_apple_is_red_where_its_mask_is_and_the_background_stays_elsewhere(renderer) -> None:
    rendering = renderer.render(scene_of(PlacedObject("apple", 16, 16, 32)))
    apple = rendering.picture[rendering.masks[0]].astype(float).mean(0)
    assert apple[0] > 1.8 * max(apple[1], apple[2])
    outside = rendering.picture.copy()
    outside[12:52, 12:52] = 0
    blue = outside[outside.any(-1)].astype(float).mean(0)
    assert blue[2] > 1.5 * blue[0]


def test_the_lower_object_covers_the_other_and_the_masks_never_overlap(renderer) -> None:
    behind, before = PlacedObject("soccer ball", 16, 8, 30), PlacedObject("soccer ball", 20, 20, 30)
    rendering = renderer.render(scene_of(behind, before))
    alone = renderer.render(scene_of(before)).masks[0]
    assert not (rendering.masks[0] & rendering.masks[1]).any()
    assert (rendering.masks[1] == alone).all()
    assert rendering.masks[0].any()


def test_what_stands_lower_is_nearer_and_everything_stands_out_of_the_floor(renderer) -> None:
    far, near = PlacedObject("car", 2, 2, 26), PlacedObject("car", 34, 36, 26)
    rendering = renderer.render(scene_of(far, near))
    assert rendering.nearness.shape == (SIDE, SIDE)
    assert 0 <= rendering.nearness.min() < rendering.nearness.max() <= 1
    means = [rendering.nearness[mask].mean() for mask in rendering.masks]
    assert means[1] > means[0] + 0.2
    floor = rendering.nearness[:, 0]
    assert (np.diff(floor[rendering.masks.any(0)[:, 0] == 0]) > 0).all()
    for mask in rendering.masks:
        rows = np.nonzero(mask)[0]
        assert (rendering.nearness[mask] >= floor[rows] - 1e-6).all()
