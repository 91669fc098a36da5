"""text_embedding puts texts of like meaning near each other, the same whatever they are batched with."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from served_models import open_model, outputs

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError

TEXTS = (
    "remove the background of the photo",
    "cut out the person and make the rest transparent",
    "what does the sign say?",
    "Zürich liegt am See — 東京",
    "",
    "edges " * 400,
)


def embed(*texts: str) -> NDArray[np.float32]:
    """float32 [texts, 384], all in one request."""
    tensor = np.array([[text.encode()] for text in texts], np.object_)
    [answer] = answer_requests(open_model("text_embedding"), [{"TEXT": tensor}])
    embedding: NDArray[np.float32] = outputs(answer)["EMBEDDING"]
    return embedding


def test_vectors_have_unit_length() -> None:
    vectors = embed(*TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("a cat sits on the mat", "a kitten rests on the carpet", "the stock market fell today"),
        ("read the text on the sign", "what is written there?", "make the picture larger"),
        ("find the edges", "show me the outlines", "who is the president?"),
    ],
)
def test_like_meanings_lie_nearer_than_others(text: str, near: str, far: str) -> None:
    here, close, away = embed(text, near, far)
    assert here @ close > here @ away + 0.15


def test_a_text_has_the_same_vector_whatever_it_is_batched_with() -> None:
    together = embed(*TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(embed(text)[0], vector, atol=1e-5)


def test_requests_that_come_together_are_answered_each_with_its_own() -> None:
    model = open_model("text_embedding")
    requests = [{"TEXT": np.array([[text.encode()]], np.object_)} for text in TEXTS]
    answers = answer_requests(model, requests)
    for text, answer in zip(TEXTS, answers, strict=True):
        np.testing.assert_allclose(outputs(answer)["EMBEDDING"][0], embed(text)[0], atol=1e-5)


def test_what_comes_after_256_tokens_is_not_looked_at() -> None:
    long = "edges " * 254  # and a token at either end
    np.testing.assert_allclose(embed(long)[0], embed(long + "cats and dogs")[0], atol=1e-6)
    assert np.abs(embed("edges")[0] - embed("edges cats and dogs")[0]).max() > 0.01


def test_bytes_that_are_no_text_are_refused() -> None:
    [answer] = answer_requests(open_model("text_embedding"), [{"TEXT": np.array([[b"\xff\xfe"]], np.object_)}])
    assert isinstance(answer, InvalidArgumentError)
