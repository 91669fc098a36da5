"""Control pictures that networks learn from are what the served tools make of scenes, or what is true of them."""

from itertools import islice

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import ask

from visgate_export.pocket.control_kinds import CONTROL_STARTS, lineage
from visgate_export.pocket.control_pictures import CONTROL_PICTURES
from visgate_export.pocket.control_pictures.outlines import enlarged
from visgate_export.pocket.control_pictures.poses import FIGURES
from visgate_export.pocket.control_pictures.served_tool import served_picture
from visgate_export.pocket.objects import COLOURS, OBJECT_NAMES
from visgate_export.pocket.palette import CLASS_COLOURS, class_number
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Combination, PlacedObject, Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.diffusion.control_pictures import CONTROL_FITS, fit_control_picture
from visgate_server.drawing.skeleton import OPENPOSE_COLOURS, OPENPOSE_JOINTS
from visgate_server.image_processing.surface_normals import surface_normals
from visgate_server.models.detect_lines import DETECT_LINES, DetectLines
from visgate_server.models.soft_edges import DETECT_SKETCH, DETECT_SOFT_EDGES, SoftEdges

NEEDS_NO_NETWORK = tuple(kind for kind in CONTROL_PICTURES if kind not in ("soft_edges", "sketch"))


class Always:
    """A generator whose every draw is one value: chance goes one way."""

    def __init__(self, value: float) -> None:
        self._value = value

    def random(self) -> float:
        return self._value

    def uniform(self, low: float, high: float) -> float:
        return low + self._value * (high - low)


UNDISTURBED = Always(0.99)


@pytest.fixture(scope="module")
def renderer() -> SceneRenderer:
    return SceneRenderer(read_sprites())


@pytest.fixture(scope="module")
def pair() -> Scene:
    placed = (PlacedObject("person", 2, 18, 30), PlacedObject("house", 33, 20, 30))
    return Scene(Combination(("person", "house"), "left of", "blue"), placed, COLOURS["blue"])


def made(kind: str, renderer: SceneRenderer, scene: Scene, random: object = UNDISTURBED) -> NDArray[np.uint8]:
    return CONTROL_PICTURES[kind](renderer, scene, random)


def near(region: NDArray[np.bool_], pixels: int = 1) -> NDArray[np.bool_]:
    size = 2 * pixels + 1
    return cv2.dilate(region.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def test_there_is_a_control_picture_of_every_kind() -> None:
    assert set(CONTROL_PICTURES) == set(CONTROL_STARTS) == set(CONTROL_FITS)


def test_every_kind_comes_after_the_one_that_it_begins_as() -> None:
    order = list(CONTROL_PICTURES)
    for kind in order:
        assert [order.index(each) for each in lineage(kind)] == sorted(map(order.index, lineage(kind)), reverse=True)
    assert lineage("sketch") == ("sketch", "edges")


@pytest.mark.parametrize("kind", NEEDS_NO_NETWORK)
def test_control_pictures_have_the_drawings_size_and_repeat(renderer: SceneRenderer, pair: Scene, kind: str) -> None:
    one, again = (made(kind, renderer, pair, np.random.default_rng(3)) for _ in range(2))
    assert (one.shape, one.dtype) == ((64, 64, 3), np.uint8)
    assert np.array_equal(one, again)
    assert one.any()
    # A fit leaves what it made as it is.
    assert np.array_equal(fit_control_picture(kind, one, 64, 64), one)


@pytest.mark.parametrize(("tool", "operation"), [(DETECT_SOFT_EDGES, "soft_edges"), (DETECT_SKETCH, "sketch")])
def test_served_pictures_are_the_servers_answers(
    renderer: SceneRenderer, pair: Scene, tool: object, operation: str
) -> None:
    picture = enlarged(renderer.picture(pair))
    (answer,) = ask("soft_edges", picture, operation=operation, resolution=128).pictures.values()
    mine = served_picture(SoftEdges, tool, picture, resolution=128)
    assert mine.shape == (256, 256, 3)
    assert np.array_equal(mine, np.repeat(answer, 3, axis=2))
    outlines = near(made("edges", renderer, pair)[..., 0] > 0, 4)
    found = fit_control_picture(operation, mine.copy(), 64, 64)[..., 0] > 127
    assert outlines[found].mean() > 0.9


def test_most_lines_that_the_tool_finds_are_among_those_learned_from(renderer: SceneRenderer) -> None:
    """With nothing left out; M-LSD also sees the floor's shading as lines, which are no scene's."""
    straight = ("book", "house", "gift", "boat")
    found = shared = 0
    for scene in islice((scene for scene in scenes(3, pairs=0) if scene.combination.objects[0] in straight), 3):
        served = served_picture(DetectLines, DETECT_LINES, enlarged(renderer.picture(scene)), threshold=0.2)
        there = fit_control_picture("lines", served.copy(), 64, 64)[..., 0] > 0
        there &= near(renderer.render(scene).masks[0], 2)
        learned = made("lines", renderer, scene, Always(0.0))[..., 0] > 0
        found += there.sum()
        shared += (there & near(learned)).sum()
    assert found > 20
    assert shared > 0.8 * found


def test_fewer_lines_are_kept_when_chance_says_so(renderer: SceneRenderer, pair: Scene) -> None:
    everything, rest = (made("lines", renderer, pair, Always(value)) > 0 for value in (0.0, 0.9))
    assert 0 < rest.sum() < everything.sum()


def test_segments_have_their_classes_colours(renderer: SceneRenderer, pair: Scene) -> None:
    picture, masks = made("segmentation", renderer, pair), renderer.render(pair).masks
    for placed, mask in zip(pair.objects, masks, strict=True):
        assert np.unique(picture[mask], axis=0).tolist() == [list(CLASS_COLOURS[class_number(placed.name)])]
    assert not picture[~masks.any(axis=0)].any()
    assert len({CLASS_COLOURS[class_number(name)] for name in OBJECT_NAMES}) == len(OBJECT_NAMES)


def test_ragged_borders_change_nothing_but_borders(renderer: SceneRenderer, pair: Scene) -> None:
    straight = made("segmentation", renderer, pair)
    ragged = next(
        other
        for seed in range(20)
        if not np.array_equal(other := made("segmentation", renderer, pair, np.random.default_rng(seed)), straight)
    )
    inside = np.ones((64, 64), np.bool_)
    for mask in renderer.render(pair).masks:
        inside &= ~(near(mask) & near(~mask))
    assert np.array_equal(ragged[inside], straight[inside])


def test_normals_are_the_tools_for_the_true_depth(renderer: SceneRenderer, pair: Scene) -> None:
    rendering = renderer.render(pair)
    expected = surface_normals(rendering.nearness).astype(int)
    inside = ~near(~rendering.masks.any(axis=0), 2)
    difference = np.abs(made("normals", renderer, pair).astype(int) - expected)
    assert difference[inside].mean() < 20
    assert np.abs(expected[inside] - [127, 127, 255]).mean() > 40


@pytest.mark.parametrize("name", FIGURES)
def test_skeletons_lie_on_their_figures(renderer: SceneRenderer, name: str) -> None:
    scene = Scene(Combination((name,), "centre", "white"), (PlacedObject(name, 4, 4, 56),), COLOURS["white"])
    picture = made("pose", renderer, scene)
    (mask,) = renderer.render(scene).masks
    bones = picture.max(axis=2) > 60
    assert bones.sum() > 60
    assert near(mask)[bones].mean() > 0.97
    rows = np.flatnonzero(bones.any(axis=1))
    figure = np.flatnonzero(mask.any(axis=1))
    assert rows[0] - figure[0] < 14
    assert figure[-1] - rows[-1] < 5


@pytest.mark.parametrize("name", FIGURES)
def test_figures_face_us_so_that_their_right_is_on_our_left(name: str) -> None:
    joints = FIGURES[name]
    assert {*joints, "neck"} == set(OPENPOSE_JOINTS)
    for part in ("shoulder", "hip", "ankle", "ear", "eye"):
        assert joints[f"right_{part}"][0] < joints[f"left_{part}"][0]


def test_scenes_without_a_figure_have_a_black_pose(renderer: SceneRenderer, pair: Scene) -> None:
    alone = Scene(Combination(("house",), "right", "blue"), pair.objects[1:], COLOURS["blue"])
    assert not made("pose", renderer, alone).any()
    shown = made("pose", renderer, pair)
    assert not shown[:, 33:].any()
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > len(OPENPOSE_COLOURS)
