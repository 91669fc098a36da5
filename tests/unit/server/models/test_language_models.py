"""caption_image and answer_question with their real networks: a batch is its rows, whatever they are."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from served_models import ask, open_model, photo, replies, request

from visgate_export.pocket.language.plain_captions import read_plain_caption
from visgate_export.pocket.language.questions import UNKNOWN_THINGS
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import Scene, scenes
from visgate_export.pocket.sprites import read_sprites
from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError

QUESTIONS = (
    "what is in the picture",
    "What colour is the background?",
    "how many objects are there",
    "is there a violin in this picture, please tell me",
    "where is the cat",
)


@pytest.fixture(scope="module")
def shown() -> list[tuple[Scene, np.ndarray]]:
    renderer = SceneRenderer(read_sprites())
    return [(scene, renderer.picture(scene)) for scene in islice(scenes(71, held_out=True), 6)]


def test_captions_of_requests_that_came_together_are_those_of_each_alone(shown: list[tuple[Scene, np.ndarray]]) -> None:
    beams = (1, 3, 1, 3, 1, 2)
    large = np.repeat(np.repeat(shown[0][1], 4, axis=0), 4, axis=1)
    pictures = [large, *(picture for _, picture in shown[1:])]
    together = answer_requests(
        open_model("image_captioning"),
        [request(picture, beams=count) for picture, count in zip(pictures, beams, strict=True)],
    )
    for answer, picture, count in zip(together, pictures, beams, strict=True):
        (reply,) = replies(answer)
        alone = ask("image_captioning", picture, beams=count)
        assert reply.data["caption"] == alone.data["caption"]
        assert reply.data["probability"] == pytest.approx(alone.data["probability"], abs=1e-3)
        assert reply.text == f"{reply.data['caption'].capitalize()}."


def test_a_caption_tells_what_is_there(shown: list[tuple[Scene, np.ndarray]]) -> None:
    right = [
        read_plain_caption(ask("image_captioning", picture).data["caption"]) == scene.combination
        for scene, picture in shown
    ]
    assert sum(right) >= len(right) - 1


def test_answers_to_questions_of_any_length_that_came_together(shown: list[tuple[Scene, np.ndarray]]) -> None:
    model = open_model("question_answering")
    asked = [(picture, question) for _, picture in shown[:3] for question in QUESTIONS]
    together = answer_requests(model, [request(picture, question=question, beams=1) for picture, question in asked])
    for answer, (picture, question) in zip(together, asked, strict=True):
        (reply,) = replies(answer)
        alone = ask("question_answering", picture, question=question, beams=1)
        assert reply.data["answer"] == alone.data["answer"]
        assert reply.data["probability"] == pytest.approx(alone.data["probability"], abs=1e-3)


def test_answers_follow_the_question(shown: list[tuple[Scene, np.ndarray]]) -> None:
    for scene, picture in shown[:3]:
        assert ask("question_answering", picture, question=QUESTIONS[1]).data["answer"] == scene.combination.background
        assert ask("question_answering", picture, question=QUESTIONS[2]).data["answer"] == str(len(scene.objects))


def test_an_unknown_thing_is_not_there_and_is_told(shown: list[tuple[Scene, np.ndarray]]) -> None:
    reply = ask("question_answering", shown[0][1], question=f"is there a {UNKNOWN_THINGS[0]}")
    assert reply.data["answer"] == "no"
    assert reply.data["unknown_words"] == [UNKNOWN_THINGS[0]]
    assert UNKNOWN_THINGS[0] in reply.text


@pytest.mark.parametrize(
    ("model", "arguments"), [("image_captioning", {}), ("question_answering", {"question": QUESTIONS[0]})]
)
def test_of_a_photo_the_text_says_that_it_is_a_guess(
    model: str, arguments: dict[str, str], shown: list[tuple[Scene, np.ndarray]]
) -> None:
    of_photo, of_scene = ask(model, photo("astronaut"), **arguments), ask(model, shown[0][1], **arguments)
    assert not of_photo.data["looks_drawn"]
    assert "describe_image" in of_photo.text
    assert of_scene.data["looks_drawn"]
    assert "describe_image" not in of_scene.text


def test_an_empty_question_is_refused_alone(shown: list[tuple[Scene, np.ndarray]]) -> None:
    refused, answered = answer_requests(
        open_model("question_answering"),
        [request(shown[0][1], question="  "), request(shown[0][1], question=QUESTIONS[0])],
    )
    assert isinstance(refused, InvalidArgumentError)
    assert "QUESTION" in str(refused)
    assert replies(answered)[0].data["answer"]
