"""The drawing tools from a request's tensors to a response, with tiny networks that draw nothing in particular."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import Reply, call_models, replies
from stream_caller import Caller
from tiny_networks import write_tiny_networks

from visgate_server.model_inputs import column
from visgate_server.models.diffusion import Diffusion
from visgate_server.stream_server import StreamServer

Draw = Any


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Draw]:
    """Draws with a model that is served as Triton serves it; its pictures are enlarged by the real network."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny_networks(folder)
    model = Diffusion()
    model.setup(folder, call_models)
    server = StreamServer(model, print)

    def call(**values: Any) -> Reply:
        caller = Caller()
        given = {"steps": 3, "seed": 4, **values}
        tensors = {
            name.upper(): value[None] if isinstance(value, np.ndarray) else column(value)
            for name, value in given.items()
        }
        server.accept(tensors, caller)
        [reply] = replies(caller.ending())
        return reply

    yield call
    server.close()


def photo(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def masked(height: int, width: int, rows: slice, columns: slice) -> NDArray[np.uint8]:
    mask = np.zeros((height, width, 3), np.uint8)
    mask[rows, columns] = 255
    return mask


def test_inpainting_leaves_a_large_picture_as_it_is_outside_the_mask(draw: Draw) -> None:
    image, mask = photo(300, 420), masked(300, 420, slice(100, 200), slice(250, 400))
    reply = draw(operation="inpaint", image=image, mask=mask, prompt="a cat")
    picture, white = reply.pictures["PICTURE"], mask[..., 0] > 0
    assert picture.shape == image.shape
    assert (picture[~white] == image[~white]).all()
    assert np.abs(picture[white].astype(int) - image[white]).mean() > 20
    assert reply.data["drawn_square"] == [164, 22, 420, 278]
    assert "fitted to 256 × 256 of the picture; seed 4" in reply.text


def test_inpainting_a_small_picture_needs_no_enlarging(draw: Draw) -> None:
    image, mask = photo(50, 40), masked(50, 40, slice(0, 20), slice(10, 30))
    reply = draw(operation="inpaint", image=image, mask=mask, prompt="a cat")
    white = mask[..., 0] > 0
    assert (reply.pictures["PICTURE"][~white] == image[~white]).all()
    assert reply.data["drawn_square"] == [0, 0, 40, 40]


def test_the_same_seed_paints_the_same(draw: Draw) -> None:
    given = {"operation": "inpaint", "image": photo(64, 64), "mask": masked(64, 64, slice(8, 40), slice(8, 40))}
    once, again, other = (draw(**given, prompt="a dog", seed=seed).pictures["PICTURE"] for seed in (1, 1, 2))
    assert (once == again).all()
    assert (once != other).any()


def test_an_edited_picture_is_drawn_and_enlarged_like_any(draw: Draw) -> None:
    reply = draw(operation="edit", image=photo(80, 80), prompt="a dog", image_guidance=2.0)
    assert reply.pictures["PICTURE"].shape == (256, 256, 3)
    assert (reply.data["image_guidance"], reply.data["enlarged"]) == (2.0, 4)
    assert reply.text.startswith("Changed the picture as told 'a dog' in 3 steps")
    kept = draw(operation="edit", image=photo(80, 80), prompt="a dog", image_guidance=1.0, enlarge=False)
    assert kept.pictures["PICTURE"].shape == (64, 64, 3)


def test_a_drawing_says_nothing_of_pictures_that_it_had_none_of(draw: Draw) -> None:
    reply = draw(prompt="a cat", enlarge=False)
    assert not {"image_guidance", "drawn_square"} & set(reply.data)
    assert reply.text.startswith("Drew 'a cat' in 3 steps, 64 × 64 pixels; seed 4")
