"""What the server works out around GroundingDINO and SAM equals what transformers does; runs no network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertTokenizer
from transformers.models.grounding_dino.modeling_grounding_dino import (
    SPECIAL_TOKENS,
    generate_masks_with_special_tokens_and_transfer_map,
)
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

from visgate_server.image_processing.corner_view import corner_view
from visgate_server.object_finding.box_masks import enlarged, together
from visgate_server.object_finding.finder_profile import GroundedProfile
from visgate_server.object_finding.grounded_boxes import grounded_boxes
from visgate_server.object_finding.grounding_prompt import phrase_masks, read_phrases

from .tiny_grounding import vocabulary

PROFILE = GroundedProfile("full", 64, 64, 12, 101, 102, 1012, 0, tuple(SPECIAL_TOKENS), 0.3, 0.25)
A, CAT, CUP, STOP, ASK, BEGIN, END = 200, 201, 206, 1012, 1029, 101, 102


@pytest.fixture(scope="module")
def bert() -> BertTokenizer:
    return BertTokenizer(vocab=vocabulary())


@pytest.fixture
def tokenizer(bert: BertTokenizer) -> Tokenizer:
    return bert.backend_tokenizer


@pytest.mark.parametrize(
    "rows",
    [
        [[BEGIN, A, CAT, STOP, END]],
        [[BEGIN, A, CAT, STOP, CUP, CUP, STOP, END], [BEGIN, CUP, STOP, END, 0, 0, 0, 0]],
        [[BEGIN, A, CAT, END]],  # closed by the last token of all
        [[A, CAT, ASK, ASK, CUP]],  # neither begun nor ended
        [[A, CAT, CUP]],
    ],
)
def test_who_sees_whom_is_what_transformers_says(rows: list[list[int]]) -> None:
    ids = np.array(rows)
    sees, places = phrase_masks(ids, SPECIAL_TOKENS)
    expected = generate_masks_with_special_tokens_and_transfer_map(torch.tensor(rows), torch.tensor(SPECIAL_TOKENS))
    np.testing.assert_array_equal(sees, expected[0])
    np.testing.assert_array_equal(places, expected[1])


def test_a_phrase_is_read_as_its_processor_writes_it(bert: BertTokenizer, tokenizer: Tokenizer) -> None:
    read = read_phrases(["A Cat ", "the red apples on the left"], tokenizer, PROFILE)
    expected = bert(["a cat.", "the red apples on the left."], padding=True, return_tensors="np")
    np.testing.assert_array_equal(read.ids, expected["input_ids"])
    np.testing.assert_array_equal(read.is_text, expected["attention_mask"] == 1)


def test_a_phrase_is_read_alike_alone_and_beside_longer_ones(tokenizer: Tokenizer) -> None:
    alone, both = (read_phrases(phrases, tokenizer, PROFILE) for phrases in (["a cat"], ["a cat", "the red apple"]))
    tokens = alone.ids.shape[1]
    assert both.ids.shape[1] > tokens
    np.testing.assert_array_equal(both.sees[0, :tokens, :tokens], alone.sees[0])
    np.testing.assert_array_equal(both.places[0, :tokens], alone.places[0])
    assert not both.sees[0, :tokens, tokens:].any()


def test_a_phrase_that_is_too_long_keeps_its_full_stop(tokenizer: Tokenizer) -> None:
    read = read_phrases(["cup " * 50], tokenizer, PROFILE)
    assert read.ids[0].tolist() == [BEGIN, *[CUP] * 9, STOP, END]
    assert read.sees[0, 1, 10]


def test_a_box_needs_one_sure_word_and_keeps_its_own_words() -> None:
    ids = np.array([BEGIN, A, CAT, STOP, END])
    scores = np.array([[0.9, 0.26, 0.8, 0.1, 0.0], [0.0, 0.2, 0.3, 0.0, 0.0], [0.0, 0.0, 0.31, 0.0, 0.0]], np.float32)
    boxes = np.array([[0.5, 0.5, 1.0, 0.5], [0.5, 0.5, 0.1, 0.1], [0.25, 0.75, 0.5, 0.5]], np.float32)
    found = grounded_boxes(scores, boxes, ids, (200, 100), (0.3, 0.25))
    np.testing.assert_allclose(found.corners, [[0, 25, 200, 75], [0, 50, 100, 100]])
    np.testing.assert_allclose(found.scores, [0.9, 0.31])
    assert found.tokens == ((A, CAT), (CAT,)), "the begin mark belongs to no phrase"


@pytest.mark.parametrize("size", [(48, 64), (300, 200), (1000, 7), (64, 64)])
def test_a_picture_lies_in_the_square_as_sam_s_processor_lays_it(size: tuple[int, int]) -> None:
    side = 64
    view = corner_view(np.full((*size, 3), 200, np.uint8), side)
    assert (view.height, view.width) == tuple(
        max(1, length) for length in SamImageProcessorPil()._get_preprocess_shape(size, side)
    )
    assert (view.image[: view.height, : view.width] == 200).all()
    assert view.image[view.height :].max(initial=0) == view.image[:, view.width :].max(initial=0) == 0
    height, width = size
    whole = view.from_picture(np.array([[0, 0, width, height]], np.float32))
    np.testing.assert_allclose(whole, [[0, 0, view.width, view.height]], rtol=1e-6)


@pytest.mark.parametrize("size", [(48, 64), (300, 200), (40, 30)])
def test_masks_are_enlarged_as_sam_s_processor_does_it(size: tuple[int, int]) -> None:
    side = 64
    logits = np.random.default_rng(0).normal(0, 5, (2, 16, 16)).astype(np.float32)
    view = corner_view(np.zeros((*size, 3), np.uint8), side)
    [expected] = SamImageProcessorPil().post_process_masks(
        [torch.from_numpy(logits)[None]],
        [size],
        [(view.height, view.width)],
        binarize=False,
        pad_size={"height": side, "width": side},
    )
    for mask, own in zip(logits, expected[0].numpy(), strict=True):
        np.testing.assert_allclose(enlarged(mask, view), own, atol=1e-2)
    united = together(logits, view)
    sure = (expected[0].numpy() > 0.1).any(axis=0), (expected[0].numpy() < -0.1).all(axis=0)
    assert (united[sure[0]] > 127).all()
    assert (united[sure[1]] <= 127).all()
