"""Chooses words until every text is complete: greedily, or by beam search as transformers searches; runs no network.

Rows of one batch are independent: each gets the text that it would get alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visgate_server.language.word_decoder import Floats, Seen, WordDecoder
from visgate_server.networks import Network

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class DecodingRules:
    """How texts begin and end.

    Attributes:
        begin: the token that every text begins with.
        end: the token that ends a text.
        longest: tokens at most, with both marks; a text that is longer breaks off.
    """

    begin: int
    end: int
    longest: int


@dataclass(frozen=True)
class SaidText:
    """A text that was decoded.

    Attributes:
        tokens: without the begin and the end mark.
        log_probability: of all its tokens together, the end mark included; 0 is certain.
        is_complete: False if it broke off at the longest length.
    """

    tokens: tuple[int, ...]
    log_probability: float
    is_complete: bool

    @property
    def probability(self) -> float:
        """The network's own estimate that this is the text, 0–1."""
        return float(np.exp(self.log_probability))


def say(network: Network, seen: Seen, rules: DecodingRules, beams: int = 1) -> list[SaidText]:
    """A text for every row.

    Args:
        network: the decoder's step, as `WordDecoder` takes it.
        seen: what the texts are made from.
        rules: how they begin and end.
        beams: 1 takes the most likely word at each step; more follow that many beginnings at a time, and the best
            text is the one with the highest mean log-probability of a token.
    """
    decoder = WordDecoder(network, seen)
    return _greedy(decoder, len(seen), rules) if beams == 1 else _beam_search(decoder, len(seen), rules, beams)


def _greedy(decoder: WordDecoder, count: int, rules: DecodingRules) -> list[SaidText]:
    said: list[list[int]] = [[] for _ in range(count)]
    likely = np.zeros(count)
    complete = np.zeros(count, np.bool_)
    rows = np.arange(count)
    tokens = np.full((count, 1), rules.begin, np.int64)
    # Every pass adds a token to the texts of the rows that are left.
    for length in range(2, rules.longest + 1):
        choices = decoder.step(tokens)[:, 0]
        words = choices.argmax(axis=1)
        likely[rows] += choices[np.arange(len(rows)), words]
        ended = words == rules.end
        complete[rows[ended]] = True
        for row, word in zip(rows[~ended], words[~ended], strict=True):
            said[row].append(int(word))
        if ended.all() or length == rules.longest:
            break
        if ended.any():
            decoder.keep(np.flatnonzero(~ended))
        rows, tokens = rows[~ended], words[~ended, None].astype(np.int64)
    return [SaidText(tuple(said[row]), float(likely[row]), bool(complete[row])) for row in range(count)]


@dataclass(frozen=True)
class _Hypothesis:
    """A text that is over, ranked by its mean log-probability: a long text is not worse for being long."""

    text: SaidText
    steps: int

    @property
    def rank(self) -> float:
        return self.text.log_probability / self.steps


@dataclass
class _Search:
    """The search for one row's text.

    Attributes:
        beginnings: tokens without the begin mark, the most likely first.
        scores: their log-probabilities.
        finished: the best texts that are over, at most as many as there are beams, best first.
    """

    beginnings: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    scores: Floats = field(default_factory=lambda: np.zeros(1, np.float32))
    finished: list[_Hypothesis] = field(default_factory=list)

    def advance(self, scores: Floats, rules: DecodingRules, beams: int) -> Indices:
        """Takes one more token for each beam; returns which beam each of the new ones continues.

        Args:
            scores: float32 [beams now, vocabulary]: of every beginning with every token after it.
            rules: how texts end.
            beams: how many beginnings to go on with.
        """
        vocabulary = scores.shape[1]
        # Each beginning ends in one way only: of twice as many, enough are left to go on with.
        best = _largest(scores.ravel(), 2 * beams)
        steps = len(self.beginnings[0]) + 1
        at_limit = steps + 1 == rules.longest
        following: list[tuple[int, int, np.float32]] = []
        for place, index in enumerate(best):
            parent, word, score = int(index // vocabulary), int(index % vocabulary), scores.ravel()[index]
            ended = word == rules.end
            if (ended or at_limit) and place < beams:
                tokens = self.beginnings[parent] + (() if ended else (word,))
                self.finished.append(_Hypothesis(SaidText(tokens, float(score), ended), steps))
            if not ended:
                following.append((parent, word, score))
        self.finished = sorted(self.finished, key=lambda found: -found.rank)[:beams]
        following = following[:beams]
        self.beginnings = [(*self.beginnings[parent], word) for parent, word, _ in following]
        self.scores = np.array([score for _, _, score in following], np.float32)
        return np.array([parent for parent, _, _ in following], np.intp)

    def is_over(self, rules: DecodingRules, beams: int) -> bool:
        """Whether nothing better can be found, by transformers' measure (`early_stopping=False`)."""
        steps = len(self.beginnings[0])
        if steps + 1 >= rules.longest:
            return True
        return len(self.finished) == beams and self.scores[0] / steps <= self.finished[-1].rank


def _beam_search(decoder: WordDecoder, count: int, rules: DecodingRules, beams: int) -> list[SaidText]:
    searches = [_Search() for _ in range(count)]
    running = list(searches)
    tokens = np.full((count, 1), rules.begin, np.int64)
    while running:
        scores = decoder.step(tokens) + np.stack([search.scores for search in running])[..., None]
        parents = [search.advance(own, rules, beams) for search, own in zip(running, scores, strict=True)]
        kept = [row for row, search in enumerate(running) if not search.is_over(rules, beams)]
        if len(kept) < len(running):
            decoder.keep(np.array(kept, np.intp))
        running = [running[row] for row in kept]
        if running:
            decoder.follow(np.stack([parents[row] for row in kept]))
            tokens = np.array([[beginning[-1] for beginning in search.beginnings] for search in running], np.int64)
    return [search.finished[0].text for search in searches]


def _largest(values: Floats, count: int) -> Indices:
    """The indices of the largest values, the largest first; of equals the first."""
    count = min(count, len(values))
    some = np.argpartition(-values, count - 1)[:count]
    ordered: Indices = some[np.lexsort((some, -values[some]))]
    return ordered
