"""detect_soft_edges and detect_sketch find outlines, not surfaces, in the given picture's size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import ask, open_model, outputs, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.models import soft_edges

QUICK = {"resolution": 128}


def white_square() -> NDArray[np.uint8]:
    """White from (60, 60) to (140, 140) on black, 200 pixels a side."""
    image = np.zeros((200, 200, 3), np.uint8)
    image[60:140, 60:140] = 255
    return image


def near_border(distance: int) -> NDArray[np.bool_]:
    """The pixels of that picture within `distance` of the square's border."""
    border = np.zeros((200, 200), np.uint8)
    cv2.rectangle(border, (60, 60), (139, 139), 1)
    return cv2.dilate(border, np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)) > 0


def test_edges_lie_on_the_border_of_a_square_and_not_inside() -> None:
    edges = ask("soft_edges", white_square(), resolution=256).pictures["EDGES"][..., 0]
    assert edges[near_border(0)].mean() > 180
    assert edges[~near_border(12)].max() < 60


def test_a_photo_keeps_its_size_and_its_outlines() -> None:
    image = photo("coffee")
    reply = ask("soft_edges", image)
    edges = reply.pictures["EDGES"]
    assert edges.shape == (*image.shape[:2], 1)
    rim, saucer = edges[15:40, 250:330], edges[250:300, 130:170]
    assert rim.max(axis=0).min() > 200, "the cup's rim crosses every column"
    assert saucer.max() < 20, "the saucer is plain"
    assert reply.data["edge_share"] == pytest.approx((edges > 127).mean(), abs=1e-4)
    assert f"{reply.data['edge_share']:.1%}" in reply.text


def test_a_sketch_is_black_and_white_and_follows_the_soft_edges() -> None:
    image = photo("coffee")
    edges = ask("soft_edges", image).pictures["EDGES"][..., 0]
    reply = ask("soft_edges", image, operation="sketch", stroke_width=3.0)
    sketch = reply.pictures["SKETCH"][..., 0]
    assert set(np.unique(sketch)) == {0, 255}
    assert edges[sketch == 255].mean() > 4 * edges[sketch == 0].mean()
    assert 0 < (sketch == 255).mean() < 0.7 * (edges > 60).mean(), "fine strokes are thinner than the soft edges"
    assert reply.data["stroke_share"] == pytest.approx((sketch == 255).mean(), abs=1e-4)


def test_the_strokes_of_a_sketch_are_of_the_width_asked_for() -> None:
    def width(stroke_width: float) -> int:
        sketch = ask("soft_edges", white_square(), resolution=256, operation="sketch", stroke_width=stroke_width)
        # The square's upper border, across: 200 pixels stand for 256 of the network's.
        return int(np.count_nonzero(sketch.pictures["SKETCH"][20:95, 100, 0]))

    assert width(12.0) == pytest.approx(12 * 200 / 256, abs=2)
    assert width(4.0) == pytest.approx(4 * 200 / 256, abs=2)


def test_a_picture_with_nothing_in_it_has_no_edges() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    inside = ask("soft_edges", grey, **QUICK).pictures["EDGES"][30:90, 40:120]
    assert inside.max() < 40
    reply = ask("soft_edges", grey, operation="sketch", **QUICK)
    assert reply.pictures["SKETCH"][30:90, 40:120].max() == 0


def test_both_tools_share_a_batch_that_answers_as_its_rows_do_alone() -> None:
    images = [photo("astronaut"), np.ascontiguousarray(photo("astronaut")[::-1, ::-1])]
    tools = ["soft_edges", "sketch"]
    requests = [request(image, operation=tool, **QUICK) for image, tool in zip(images, tools, strict=True)]
    answers = answer_requests(open_model("soft_edges"), requests)
    assert [int(outputs(answer)["TIMES"][0, 2]) for answer in answers] == [2, 2]
    for image, tool, tensor, answer in zip(images, tools, ["EDGES", "SKETCH"], answers, strict=True):
        [together] = replies(answer)
        alone = ask("soft_edges", image, operation=tool, **QUICK)
        assert list(together.pictures) == [tensor]
        difference = together.pictures[tensor].astype(int) - alone.pictures[tensor]
        assert np.mean(np.abs(difference) > 1) < 0.001


def test_a_batch_too_large_for_memory_runs_in_parts_with_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [request(photo(name)[:200, :200], **QUICK) for name in ("astronaut", "chelsea", "coffee")]
    model = open_model("soft_edges")
    together = [replies(answer)[0] for answer in answer_requests(model, requests)]
    monkeypatch.setattr(soft_edges, "PIXELS_AT_ONCE", 2 * 128 * 128)
    shapes = []
    run = model._network.run
    monkeypatch.setattr(model._network, "run", lambda inputs: shapes.append(inputs["image"].shape[0]) or run(inputs))
    in_parts = [replies(answer)[0] for answer in answer_requests(model, requests)]
    assert shapes == [2, 1]
    for one, other in zip(together, in_parts, strict=True):
        assert np.abs(one.pictures["EDGES"].astype(int) - other.pictures["EDGES"]).max() <= 1


@pytest.mark.parametrize("operation", ["soft_edges", "sketch"])
@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000), (17, 400)])
def test_any_size_is_answered_in_its_own_size(size: tuple[int, int], operation: str) -> None:
    [drawn] = ask("soft_edges", np.zeros((*size, 3), np.uint8), operation=operation, **QUICK).pictures.values()
    assert drawn.shape == (*size, 1)


@pytest.mark.parametrize(
    "wrong", [{"resolution": 127}, {"resolution": 1025}, {"stroke_width": 0.0}, {"operation": "paint"}]
)
def test_wrong_arguments_are_refused_by_name(wrong: dict[str, int | float | str]) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(wrong)).upper()):
        ask("soft_edges", white_square(), **wrong)
