"""CTC decoding: repeats count once, blanks separate, and spaces that the recogniser hints at are read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visgate_server.errors import NetworkError
from visgate_server.text_reading.ctc_decoding import SPACE_PROBABILITY, Alphabet

ALPHABET = Alphabet(["a", "b", "（"])
BLANK, A, B, BRACKET, SPACE = range(5)


def steps(*classes: int, probability: float = 0.9) -> NDArray[np.float32]:
    """Probabilities whose best class at each step is the one given."""
    rest = (1 - probability) / 4
    probabilities = np.full((len(classes), 5), min(rest, 0.02), np.float32)
    probabilities[np.arange(len(classes)), classes] = probability
    return probabilities


def test_repeats_count_once_and_blanks_separate() -> None:
    reading = ALPHABET.decode(steps(BLANK, A, A, BLANK, A, B, B, BLANK))
    assert reading.text == "aab"
    assert reading.score == pytest.approx(0.9)


def test_the_score_is_the_mean_of_the_letters_alone() -> None:
    probabilities = steps(A, BLANK, B)
    probabilities[2, B] = 0.5
    probabilities[1, BLANK] = 0.99
    assert ALPHABET.decode(probabilities).score == pytest.approx(0.7)


def test_nothing_but_blanks_is_no_text() -> None:
    reading = ALPHABET.decode(steps(BLANK, BLANK))
    assert (reading.text, reading.score) == ("", 0.0)


def test_a_space_is_read_where_it_is_best_and_where_it_is_likely_between_letters() -> None:
    assert ALPHABET.decode(steps(A, SPACE, B)).text == "a b"
    hinted = steps(A, BLANK, B)
    hinted[1, SPACE] = SPACE_PROBABILITY + 0.05
    assert ALPHABET.decode(hinted).text == "a b"
    hinted[1, SPACE] = SPACE_PROBABILITY - 0.05
    assert ALPHABET.decode(hinted).text == "ab"


def test_a_space_is_read_once_and_none_at_the_ends() -> None:
    probabilities = steps(SPACE, A, BLANK, SPACE, BLANK, B, SPACE)
    probabilities[[2, 4], SPACE] = 0.3
    assert ALPHABET.decode(probabilities).text == "a b"


def test_full_width_signs_become_ascii_unless_among_ideographs() -> None:
    assert ALPHABET.decode(steps(A, BRACKET)).text == "a("
    assert Alphabet(["a", "中", "（"]).decode(steps(A + 1, BRACKET)).text == "中（"


def test_an_alphabet_that_does_not_fit_is_refused() -> None:
    assert Alphabet.from_metadata("a\nb\n（\n", 5).decode(steps(B)).text == "b"
    assert Alphabet.from_metadata("a\nb\n（", 5).decode(steps(B)).text == "b"
    with pytest.raises(NetworkError, match="make models"):
        Alphabet.from_metadata("a\nb", 5)
