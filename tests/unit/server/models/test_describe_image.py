"""describe_image says what its four models found, and from which it is composed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import REPOSITORY, ask, call_models, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import ModelFaultError
from visgate_server.models.describe_image import CALLED, LONGEST_SIDE, DescribeImage
from visgate_server.tool_model import ModelCall, ModelCaller


def test_the_astronaut_is_a_person_with_a_face() -> None:
    reply = ask("describe_image", photo("astronaut"))
    assert "a person in the middle" in reply.text
    assert "one human face" in reply.text
    assert reply.data["faces"] == 1
    assert [thing["label"] for thing in reply.data["objects"]] == ["person"]


def test_the_cat_is_told_more_exactly() -> None:
    text = ask("describe_image", photo("chelsea")).data["description"]
    assert "a cat" in text
    assert "more exactly" in text
    assert "face" not in text


def test_the_page_is_quoted() -> None:
    reply = ask("describe_image", photo("page"))
    assert "Region-based segmentation" in reply.data["description"]
    assert "histogram of grey values" in reply.data["text"]
    assert reply.data["objects"] == []


def test_it_says_what_it_is_composed_from() -> None:
    reply = ask("describe_image", photo("coffee"))
    names = ["detect_objects", "detect_faces", "classify_image", "read_text"]
    assert reply.data["composed_from"] == names
    assert all(name in reply.text for name in names)
    assert reply.text.startswith(reply.data["description"])


def test_a_blank_picture_is_described_as_nothing_certain() -> None:
    reply = ask("describe_image", np.full((200, 300, 3), 127, np.uint8))
    assert reply.data["objects"] == []
    assert reply.data["faces"] == 0
    assert reply.data["text"] == ""
    assert "shows" not in reply.data["description"]


class Recorder:
    """Passes calls on, and keeps them."""

    def __init__(self) -> None:
        self.rounds: list[Sequence[ModelCall]] = []

    def __call__(self, calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        self.rounds.append(calls)
        return call_models(calls)


def describer(caller: ModelCaller) -> DescribeImage:
    model = DescribeImage()
    model.setup(REPOSITORY / "describe_image" / "1", caller)
    return model


def test_pictures_of_all_sizes_go_out_at_once_with_every_input() -> None:
    caller = Recorder()
    images = [photo("astronaut"), photo("chelsea"), photo("astronaut")[:, ::-1]]
    answers = answer_requests(describer(caller), [request(np.ascontiguousarray(image)) for image in images])
    [calls] = caller.rounds
    assert sorted(call.model for call in calls) == sorted([spec.name for spec in CALLED] * 2)
    specs = {spec.name: spec for spec in CALLED}
    for call in calls:
        assert set(call.inputs) == {argument.tensor for argument in specs[call.model].arguments}
        assert {len(tensor) for tensor in call.inputs.values()} in ({1}, {2})
    for image, answer in zip(images, answers, strict=True):
        alone = ask("describe_image", np.ascontiguousarray(image))
        assert replies(answer)[0].data["description"] == alone.data["description"]


def test_a_large_picture_is_shrunk_for_the_others_and_boxes_are_its_own() -> None:
    caller = Recorder()
    image = np.ascontiguousarray(np.repeat(np.repeat(photo("astronaut"), 6, axis=0), 6, axis=1))
    [answer] = answer_requests(describer(caller), [request(image)])
    assert all(max(call.inputs["IMAGE"].shape) == LONGEST_SIDE for call in caller.rounds[0])
    [person] = replies(answer)[0].data["objects"]
    [small] = ask("describe_image", photo("astronaut")).data["objects"]
    np.testing.assert_allclose(np.array(person["box"]) / 6, small["box"], atol=15)


def test_a_model_that_fails_is_named_and_takes_only_its_request_along() -> None:
    def failing(calls: Sequence[ModelCall]) -> list[dict[str, NDArray[Any]]]:
        if any(call.inputs["IMAGE"].shape[1] == 1 for call in calls):
            raise ModelFaultError("it calls read_text, which failed: no such model")
        return call_models(calls)

    good, bad = request(photo("coffee")), request(np.zeros((1, 1, 3), np.uint8))
    answers = answer_requests(describer(failing), [good, bad])
    assert "cup" in replies(answers[0])[0].text
    assert isinstance(answers[1], ModelFaultError)
    assert "read_text" in str(answers[1])


def test_no_called_model_gets_more_rows_than_it_takes() -> None:
    assert all(DescribeImage.spec.max_batch_size <= spec.max_batch_size for spec in CALLED)
    assert set(DescribeImage.spec.calls) == {spec.name for spec in CALLED}


@pytest.mark.parametrize("size", [(1, 1), (3, 2000)])
def test_every_size_is_answered(size: tuple[int, int]) -> None:
    assert ask("describe_image", np.zeros((*size, 3), np.uint8)).text
