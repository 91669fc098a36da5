"""Decides whether and when a call is made again; makes none itself.

How long to wait and when to stop is tenacity's; what is safe to repeat, the caller's; and how many repetitions a client
may add to a server that is in trouble already, this module's `RetryBudget`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    stop_before_delay,
    stop_never,
    wait_random_exponential,
)

from visgate_client._deadline import Deadline
from visgate_client._steps import Pause, Steps
from visgate_client.errors import ArgumentError

_LOGGER = logging.getLogger("visgate_client")

_GROWTH = 4  # each pause may be so many times longer than the one before
_SHORTEST = 0.01  # seconds
_COST = 10  # of a repetition, where every answered call gives 1: in the long run one call in ten is one at most

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is made again that failed without having run, while its deadline lasts.

    That is: the queue was full, or no server could be reached that could be reached before. Questions that change
    nothing (which tools there are, is the server ready) are repeated after a broken connection too. A call that may
    have run is never made again.

    Attributes:
        attempts: how often a call is made at most; 1 for no repetition.
        first_pause: seconds before the first repetition at most. The pause is random, so that callers who were turned
            away together do not come back together; each further one may be four times as long.
        longest_pause: seconds before any repetition at most.
        budget: repetitions that a client may make in a row. Ten answered calls give back one.
    """

    attempts: int = 4
    first_pause: float = 0.1
    longest_pause: float = 1.0
    budget: int = 20

    def __post_init__(self) -> None:
        for name, least in (("attempts", 1), ("first_pause", 0), ("longest_pause", 0), ("budget", 0)):
            if not getattr(self, name) >= least:
                raise ArgumentError(
                    f"retries.{name}: got {getattr(self, name)!r}; give {least} or more",
                    path=f"retries.{name}",
                    expected=f"{least} or more",
                )


class RetryBudget:
    """A bucket of tokens, one for each repetition, so that a storm of repetitions cannot start; safe in threads."""

    def __init__(self, size: int) -> None:
        self._size = size * _COST
        self._tokens = self._size
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Takes what one repetition costs; False where that is not there."""
        with self._lock:
            if self._tokens < _COST:
                return False
            self._tokens -= _COST
            return True

    def refund(self) -> None:
        """Takes note of a call that was answered."""
        if self._tokens < self._size:
            with self._lock:
                self._tokens = min(self._size, self._tokens + 1)


class Retrier:
    """Makes calls again by one client's `Retries`; safe in threads."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._budget = RetryBudget(retries.budget)
        self._wait = wait_random_exponential(
            multiplier=retries.first_pause, exp_base=_GROWTH, max=retries.longest_pause, min=_SHORTEST
        )

    def perform(
        self,
        attempt: Callable[[], Steps[T]],
        is_safe: Callable[[BaseException], bool],
        deadline: Deadline,
        on_retry: Callable[[BaseException, float], None],
    ) -> Steps[T]:
        """Performs an attempt's steps, and again where that is safe and there is time.

        Args:
            attempt: makes the steps of one attempt.
            is_safe: whether an attempt that ended so may be made again.
            deadline: when all of them have to be over.
            on_retry: told of each failure that is followed by another attempt, and of the seconds until then.

        Raises:
            VisgateError: what the last attempt raised.
        """
        try:
            result = yield from attempt()
        except BaseException as error:
            # Nearly every call comes through, or fails for good, at the first attempt: it costs nothing more.
            if not is_safe(error):
                raise
            failure = error
        else:
            self._budget.refund()
            return result
        return (yield from self._again(failure, attempt, is_safe, deadline, on_retry))

    def _again(
        self,
        failure: BaseException,
        attempt: Callable[[], Steps[T]],
        is_safe: Callable[[BaseException], bool],
        deadline: Deadline,
        on_retry: Callable[[BaseException, float], None],
    ) -> Steps[T]:
        left = deadline.left
        pauses: list[float] = []

        enough = stop_any(
            stop_after_attempt(self._retries.attempts), stop_never if left is None else stop_before_delay(left)
        )

        def stop(state: RetryCallState) -> bool:
            # The budget is asked last, so that nothing is taken for a repetition that is not made.
            return enough(state) or not self._budget.take()

        def tell(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if error is not None:
                _LOGGER.debug("made again in %.3f s: %s", state.upcoming_sleep, error)
                on_retry(error, state.upcoming_sleep)

        for turn in Retrying(
            sleep=pauses.append,
            retry=retry_if_exception(is_safe),
            wait=self._wait,
            stop=stop,
            before_sleep=tell,
            reraise=True,
        ):
            with turn:
                if not pauses:
                    raise failure
                yield Pause(pauses.pop())
                result = yield from attempt()
                self._budget.refund()
                return result
        raise failure  # not reached: tenacity raises what the last turn raised
