"""classify_image names what real photos show, and says when it does not know."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from served_models import REPOSITORY, ask, call_models, open_model, outputs, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError, NetworkError
from visgate_server.models.classify_image import ClassifyImage


def labels(image: np.ndarray, top_k: int = 5) -> list[str]:
    return [entry["label"] for entry in ask("classify_image", image, top_k=top_k).data["labels"]]


def test_a_cat_is_a_cat() -> None:
    assert {"tabby", "tiger cat", "Egyptian cat"} & set(labels(photo("chelsea"), 2))


def test_a_cup_of_coffee_is_an_espresso() -> None:
    reply = ask("classify_image", photo("coffee"))
    assert reply.data["labels"][0]["label"] == "espresso"
    assert reply.data["labels"][0]["probability"] > 0.8
    assert reply.text.startswith("Most likely: espresso (9")
    assert not reply.pictures


def test_a_rocket_is_a_missile_or_a_projectile() -> None:
    assert {"missile", "projectile"} == set(labels(photo("rocket"), 2))


def test_labels_come_most_likely_first_with_their_index() -> None:
    entries = ask("classify_image", photo("chelsea"), top_k=20).data["labels"]
    probabilities = [entry["probability"] for entry in entries]
    assert len(entries) == 20
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0.9 < sum(probabilities) <= 1.001
    lines = (REPOSITORY / "classify_image" / "1" / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert all(lines[entry["index"]] == entry["label"] for entry in entries)


def test_what_imagenet_has_no_class_for_is_told_as_a_guess() -> None:
    assert ask("classify_image", photo("astronaut")).text.startswith("Not sure")


def test_a_huge_picture_is_averaged_down_and_not_sampled() -> None:
    # Every fourth pixel is the cat and the rest is noise about it: picking pixels would see noise alone.
    large = cv2.resize(photo("chelsea"), None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST).astype(np.int16)
    noise = np.random.default_rng(3).integers(-120, 121, large.shape, dtype=np.int16)
    assert {"tabby", "tiger cat", "Egyptian cat"} & set(labels(np.clip(large + noise, 0, 255).astype(np.uint8), 2))


def test_a_batch_answers_as_its_rows_do_alone() -> None:
    images = [photo("chelsea"), photo("coffee"), photo("astronaut")]
    model = open_model("classify_image")
    answers = answer_requests(model, [request(image) for image in images])
    assert [int(outputs(answer)["TIMES"][0, 2]) for answer in answers] == [3, 3, 3]
    for image, answer in zip(images, answers, strict=True):
        [together], alone = replies(answer), ask("classify_image", image)
        for one, other in zip(together.data["labels"], alone.data["labels"], strict=True):
            assert one["label"] == other["label"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000), (2, 2)])
def test_any_size_is_answered(size: tuple[int, int]) -> None:
    assert len(labels(np.full((*size, 3), 90, np.uint8))) == 5


@pytest.mark.parametrize("top_k", [0, 21, -1])
def test_a_senseless_count_is_refused(top_k: int) -> None:
    with pytest.raises(InvalidArgumentError, match="TOP_K"):
        ask("classify_image", photo("coffee"), top_k=top_k)


def test_labels_that_do_not_fit_the_network_keep_the_model_from_starting(tmp_path) -> None:  # type: ignore[no-untyped-def]
    name = "efficientnet_lite0.onnx"
    (tmp_path / name).symlink_to(REPOSITORY / "classify_image" / "1" / name)
    with pytest.raises(NetworkError, match="make models"):
        ClassifyImage().setup(tmp_path, call_models)
    (tmp_path / "labels.txt").write_text("tench\ngoldfish\n", encoding="utf-8")
    with pytest.raises(NetworkError, match="2 lines"):
        ClassifyImage().setup(tmp_path, call_models)
