"""Streams are kept until the backend must have forgotten them, and no longer."""

from __future__ import annotations

import weakref

import pytest

from visgate_server.finished_streams import FinishedStreams


class Stream:
    """As the backend's: nothing but an object that somebody has."""


@pytest.fixture
def finished() -> FinishedStreams:
    return FinishedStreams()


def kept(finished: FinishedStreams) -> weakref.ref[Stream]:
    stream = Stream()
    finished.keep(stream)
    return weakref.ref(stream)


def test_a_no_lets_go_of_what_had_ended_before_the_question(finished: FinishedStreams) -> None:
    before, later = kept(finished), []

    def is_cancelled() -> bool:
        assert before() is not None, "the backend may not have forgotten it yet"
        later.append(kept(finished))
        return False

    assert finished.ask(is_cancelled) is False
    assert before() is None
    assert later[0]() is not None, "it ended after the question"
    assert len(finished) == 1


def test_a_yes_may_be_an_old_answer_and_lets_go_of_nothing(finished: FinishedStreams) -> None:
    stream = kept(finished)
    assert finished.ask(lambda: True) is True
    assert stream() is not None
    assert finished.ask(lambda: False) is False
    assert stream() is None


def test_a_question_that_fails_lets_go_of_nothing(finished: FinishedStreams) -> None:
    def broken() -> bool:
        raise RuntimeError("the server is stopping")

    stream = kept(finished)
    with pytest.raises(RuntimeError, match="stopping"):
        finished.ask(broken)
    assert stream() is not None


def test_asking_in_turn_with_two_streams_of_equal_contents(finished: FinishedStreams) -> None:
    class Equal(Stream):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = Stream.__hash__

    first, second = Equal(), Equal()
    finished.keep(first)

    def is_cancelled() -> bool:
        finished.keep(second)
        return False

    finished.ask(is_cancelled)
    assert len(finished) == 1
