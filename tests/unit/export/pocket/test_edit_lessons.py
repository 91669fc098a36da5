"""Instructions say what happens between the picture before and the picture after, and nothing else happens."""

import re
from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from visgate_export.pocket.changed_scenes import other_colour, other_object, with_background, without_object
from visgate_export.pocket.edits import instructions
from visgate_export.pocket.edits.edit_lessons import edit_lessons, swapped
from visgate_export.pocket.edits.styles import STYLES
from visgate_export.pocket.objects import COLOUR_WORDS, COLOURS, OBJECTS, object_named
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.sprites import read_sprites

MARK = 8
"""Pixels around an object that its shadow may reach."""


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())


def pairs(count: int) -> list[Scene]:
    return list(islice(scenes(5, pairs=1.0), count))


def says(text: str, words: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{word}\b", text) for word in words)


def outside(scene: Scene, index: int) -> np.ndarray:
    """[64, 64], True where neither an object nor its shadow can be."""
    placed, mask = scene.objects[index], np.ones((64, 64), np.bool_)
    mask[
        max(0, placed.top - MARK) : placed.top + placed.side + MARK,
        max(0, placed.left - MARK) : placed.left + placed.side + MARK,
    ] = False
    return mask


def test_recolouring_names_its_colour_and_no_other() -> None:
    random = np.random.default_rng(1)
    for colour in list(COLOURS) * 30:
        text = instructions.recolour(colour, random)
        assert says(text, COLOUR_WORDS[colour])
        assert not any(says(text, words) for name, words in COLOUR_WORDS.items() if name != colour)
        assert "a orange" not in text


def test_swapping_names_the_new_object_and_of_two_the_old_one() -> None:
    random = np.random.default_rng(2)
    texts = [instructions.swap("cat", "sofa", random, alone=False) for _ in range(200)]
    assert all(says(text, object_named("sofa").words) and says(text, object_named("cat").words) for text in texts)
    alone = [instructions.swap("cat", "sofa", random, alone=True) for _ in range(200)]
    assert all(says(text, object_named("sofa").words) for text in alone)
    assert any(not says(text, object_named("cat").words) for text in alone)


def test_the_plain_instructions_of_people_are_among_the_trained_ones() -> None:
    random = np.random.default_rng(3)
    swaps = {instructions.swap("cat", "dog", random, alone=False) for _ in range(6000)}
    assert {
        "turn the cat into a dog",
        "replace the cat with a dog",
        "make the cat a dog",
        "change the cat to a dog",
    } <= swaps
    recolours = {instructions.recolour("red", random) for _ in range(3000)}
    assert {"make the background red", "change the background to red", "on a red background instead"} <= recolours
    styles = {instructions.restyle(style, random) for style in STYLES for _ in range(300)}
    assert {"make it a cartoon", "make it black and white", "make it a pencil drawing", "make it darker"} <= styles
    assert "remove the cat" in {instructions.remove("cat", random) for _ in range(500)}


def test_every_style_has_instructions_and_looks_unlike_the_others(renderer: SceneRenderer) -> None:
    assert set(instructions.STYLE) == set(STYLES)
    for scene in pairs(5):
        before = renderer.picture(scene)
        looks = [before, *(make(before) for make in STYLES.values())]
        for number, look in enumerate(looks):
            assert look.shape == before.shape
            assert look.dtype == np.uint8
            others = [other.astype(int) for index, other in enumerate(looks) if index != number]
            assert all(np.abs(other - look).mean() > 3 for other in others)


def test_another_background_leaves_the_objects_where_they_are(renderer: SceneRenderer) -> None:
    random = np.random.default_rng(4)
    for scene in pairs(20):
        colour = other_colour(scene, random)
        after = with_background(scene, colour)
        assert after.combination.background == colour != scene.combination.background
        assert after.objects == scene.objects
        core = renderer.render(scene).masks.any(0)
        # A sprite's rim lets the floor show through; what is solid must be equal.
        before_picture, after_picture = renderer.picture(scene).astype(int), renderer.picture(after).astype(int)
        assert np.median(np.abs(before_picture - after_picture)[core]) == 0
        assert np.abs(before_picture[0] - after_picture[0]).max() > 20


@pytest.mark.parametrize("change", ["swap", "remove"])
def test_what_lies_away_from_the_changed_object_stays(renderer: SceneRenderer, change: str) -> None:
    random = np.random.default_rng(5)
    for scene in pairs(20):
        index = int(random.integers(2))
        kept = scene.combination.objects[1 - index]
        if change == "swap":
            after = swapped(scene, index, other_object(scene, random))
            assert after.combination.objects[1 - index] == kept
            assert after.combination.objects[index] not in scene.combination.objects
        else:
            after = without_object(scene, index)
            assert after.combination.objects == (kept,)
            assert after.combination.arrangement in ("left", "right", "top", "bottom")
        same = outside(scene, index)
        assert np.array_equal(renderer.picture(scene)[same], renderer.picture(after)[same])
        assert not np.array_equal(renderer.picture(scene), renderer.picture(after))


def test_the_remaining_object_stands_where_it_stood() -> None:
    for scene in pairs(40):
        for index in range(2):
            (placed,) = without_object(scene, index).objects
            where = without_object(scene, index).combination.arrangement
            middle = placed.left + placed.side / 2 if where in ("left", "right") else placed.top + placed.side / 2
            assert (middle < 32) == (where in ("left", "top"))


def test_lessons_show_nothing_that_is_held_out_and_something_changes(
    renderer: SceneRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Scene] = []
    picture: Callable[[SceneRenderer, Scene], np.ndarray] = SceneRenderer.picture

    def remember(self: SceneRenderer, scene: Scene) -> np.ndarray:
        drawn.append(scene)
        return picture(self, scene)

    monkeypatch.setattr(SceneRenderer, "picture", remember)
    lessons = list(islice(edit_lessons(renderer, 9), 150))
    assert not any(scene.combination.held_out for scene in drawn if scene.objects)
    for lesson in lessons:
        assert lesson.mask is None
        assert np.abs(lesson.after.astype(int) - lesson.before).max() > 10, lesson.texts
    said = " | ".join(text for lesson in lessons for text in lesson.texts)
    assert sum(one.name in said for one in OBJECTS) > 30
