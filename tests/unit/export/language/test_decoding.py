"""The server's decoding against transformers' own `generate`, on random networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_blip import (
    BEGIN,
    DECODING,
    LONGEST,
    TorchNextWord,
    pixels,
    random_captioner,
    random_pictures,
    seen_by,
    without_marks,
)

from visgate_server.language.decoding import say
from visgate_server.language.word_decoder import WordDecoder

SEEDS = range(4)
PICTURES = 8


@pytest.mark.parametrize("beams", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", SEEDS)
def test_says_what_transformers_generates(seed: int, beams: int) -> None:
    network, pictures = random_captioner(seed), random_pictures(PICTURES, seed)
    generated = network.generate(
        pixel_values=pixels(pictures), max_length=LONGEST, num_beams=beams, do_sample=False, output_scores=True,
        return_dict_in_generate=True,
    )  # fmt: skip
    said = say(TorchNextWord(network), seen_by(network, pictures), DECODING, beams)
    assert [text.tokens for text in said] == [without_marks(row) for row in generated.sequences.tolist()]
    if beams > 1:
        ranks = [text.log_probability / (len(text.tokens) + text.is_complete) for text in said]
        np.testing.assert_allclose(ranks, generated.sequences_scores.numpy(), atol=1e-5)


def test_random_networks_end_texts_at_different_lengths() -> None:
    """Else the tests here would not see rows leave."""
    lengths = set()
    for seed in SEEDS:
        network = random_captioner(seed)
        texts = say(TorchNextWord(network), seen_by(network, random_pictures(PICTURES, seed)), DECODING)
        lengths.update(len(text.tokens) for text in texts)
    assert len(lengths) >= 4
    assert LONGEST - 1 in lengths


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_says_what_its_rows_say_alone(beams: int) -> None:
    network, pictures = random_captioner(1), random_pictures(PICTURES, 1)
    together = say(TorchNextWord(network), seen_by(network, pictures), DECODING, beams)
    alone = [
        say(TorchNextWord(network), seen_by(network, pictures[row : row + 1]), DECODING, beams)[0]
        for row in range(PICTURES)
    ]
    assert [text.tokens for text in together] == [text.tokens for text in alone]
    assert [text.is_complete for text in together] == [text.is_complete for text in alone]
    np.testing.assert_allclose(
        [text.log_probability for text in together], [text.log_probability for text in alone], atol=1e-3
    )


@pytest.mark.parametrize("beams", [1, 3])
def test_rows_leave_when_they_are_done(beams: int) -> None:
    """Every row is in as many steps of the batch as it takes alone."""
    left_early = 0
    for seed in SEEDS:
        network, pictures = random_captioner(seed, ending=4.0), random_pictures(PICTURES, seed)
        batch, alone = TorchNextWord(network), TorchNextWord(network)
        say(batch, seen_by(network, pictures), DECODING, beams)
        for row in range(PICTURES):
            say(alone, seen_by(network, pictures[row : row + 1]), DECODING, beams)
        assert sum(batch.rows) == sum(alone.rows)
        assert batch.rows == sorted(batch.rows, reverse=True)
        left_early += batch.rows[-1] < batch.rows[0]
    assert left_early


def test_the_cache_changes_nothing() -> None:
    network, pictures = random_captioner(2), random_pictures(2, 2)
    decoder = WordDecoder(TorchNextWord(network), seen_by(network, pictures))
    words = np.random.default_rng(0).integers(4, 20, (2, 7))
    words[:, 0] = BEGIN
    stepwise = [decoder.step(words[:, place : place + 1])[:, 0] for place in range(words.shape[1])]
    assert decoder.length == words.shape[1]
    with torch.inference_mode():
        whole = network(pixel_values=pixels(pictures), input_ids=torch.from_numpy(words)).logits.log_softmax(-1)
    np.testing.assert_allclose(np.stack(stepwise, 1), whole.numpy(), atol=2e-4)


def test_beams_follow_their_parents() -> None:
    network, pictures = random_captioner(3), random_pictures(1, 3)
    decoder = WordDecoder(TorchNextWord(network), seen_by(network, pictures))
    decoder.step(np.array([[BEGIN]]))
    decoder.follow(np.array([[0, 0]]))
    decoder.step(np.array([[6, 7]]))
    decoder.follow(np.array([[1, 0]]))
    swapped = decoder.step(np.array([[8, 8]]))[0]
    for beam, before in enumerate((7, 6)):
        with torch.inference_mode():
            whole = network(pixel_values=pixels(pictures), input_ids=torch.tensor([[BEGIN, before, 8]])).logits
        np.testing.assert_allclose(swapped[beam], whole[0, -1].log_softmax(-1).numpy(), atol=2e-4)


def test_padding_is_not_seen() -> None:
    network, pictures = random_captioner(0), random_pictures(2)
    step, seen = TorchNextWord(network), seen_by(network, pictures)
    short = type(seen)(seen.keys[:, :, :, :9], seen.values[:, :, :, :9], seen.known[:, :9])
    padded = type(seen)(seen.keys, seen.values, np.arange(seen.known.shape[1]) < np.full((2, 1), 9))
    assert [text.tokens for text in say(step, short, DECODING)] == [text.tokens for text in say(step, padded, DECODING)]
