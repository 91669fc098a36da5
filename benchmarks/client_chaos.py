"""Many calls at once while the server is killed and started again: how each of them ends, and when."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.client_server import TOOL, EchoServer
from benchmarks.report import FigureTable, Goal
from visgate_client import AsyncVisionClient, VisgateError

DEADLINE_S = 20.0
_GRACE_S = 1.0  # what an event loop full of work may be late
_SIDE = 128
_PAUSE_S = 0.25  # that a caller waits after an error
_KILLS = (0.3, 0.6)  # after which share of the calls has been begun
_HANGS_S = 3 * DEADLINE_S


@dataclass(frozen=True)
class Chaos:
    """How the calls ended.

    Attributes:
        calls: how many were made.
        kills: how often the server was killed.
        results: those that got their own picture back.
        wrong: those that got another.
        errors: those that ended in an error of the client's tree, by class.
        strangers: those that ended in any other exception, by class.
        hanging: those that had not ended long after their deadline.
        late: those that ended after their deadline and a second of grace.
        twice: those that ended more than once.
        longest_s: the longest call.
    """

    calls: int
    kills: int
    results: int
    wrong: int
    errors: dict[str, int]
    strangers: dict[str, int]
    hanging: int
    late: int
    twice: int
    longest_s: float


@dataclass
class _Tally:
    begun: int = 0
    endings: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def measure_chaos(server: EchoServer, calls: int, in_flight: int, tell: Callable[[str], None]) -> Chaos:
    """Makes the calls, `in_flight` at a time."""
    return asyncio.run(_measure(server, calls, in_flight, tell))


async def _measure(server: EchoServer, calls: int, in_flight: int, tell: Callable[[str], None]) -> Chaos:
    tally = _Tally()
    async with AsyncVisionClient(server.address, timeout=DEADLINE_S) as client:
        await client.call(TOOL, image=_picture(0))
        killer = asyncio.create_task(_kill_in_turns(server, tally, calls, tell))
        numbers = iter(range(calls))
        workers = [asyncio.create_task(_work(client, numbers, tally)) for _ in range(in_flight)]
        _, hanging = await asyncio.wait([killer, *workers], timeout=calls / in_flight * _HANGS_S)
        for task in hanging:
            task.cancel()
        await asyncio.gather(killer, *workers, return_exceptions=True)
    errors = {name.removeprefix("error "): n for name, n in tally.outcomes.items() if name.startswith("error ")}
    strangers = {
        name.removeprefix("stranger "): n for name, n in tally.outcomes.items() if name.startswith("stranger ")
    }
    return Chaos(
        calls=calls,
        kills=len(_KILLS),
        results=tally.outcomes["right"],
        wrong=tally.outcomes["wrong"],
        errors=errors,
        strangers=strangers,
        hanging=calls - len(tally.endings),
        late=sum(seconds > DEADLINE_S + _GRACE_S for seconds in tally.seconds),
        twice=sum(count > 1 for count in tally.endings.values()),
        longest_s=max(tally.seconds, default=0.0),
    )


async def _work(client: AsyncVisionClient, numbers: object, tally: _Tally) -> None:
    for number in numbers:  # type: ignore[attr-defined]
        tally.begun += 1
        clock = time.monotonic()
        outcome = await _call(client, number)
        tally.seconds.append(time.monotonic() - clock)
        tally.endings[number] += 1
        tally.outcomes[outcome] += 1
        if outcome.startswith("error"):
            # As a program would. Without it all calls would be used up on a server that is not there.
            await asyncio.sleep(_PAUSE_S)


async def _call(client: AsyncVisionClient, number: int) -> str:
    picture = _picture(number)
    try:
        result = await client.call(TOOL, image=picture)
    except VisgateError as error:
        return f"error {type(error).__name__}"
    except Exception as error:  # noqa: BLE001 - to be counted, whatever it is
        return f"stranger {type(error).__name__}"
    return "right" if np.array_equal(result.arrays["image"], picture) else "wrong"


async def _kill_in_turns(server: EchoServer, tally: _Tally, calls: int, tell: Callable[[str], None]) -> None:
    for share in _KILLS:
        while tally.begun < share * calls:
            await asyncio.sleep(0.005)
        tell(f"the server is killed after {tally.begun} calls")
        server.kill()
        await asyncio.to_thread(server.start)


def _picture(number: int) -> NDArray[np.uint8]:
    """A picture that is this call's alone."""
    return np.random.default_rng(number).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)


def goals(chaos: Chaos) -> tuple[Goal, ...]:
    """What was promised."""
    accounted = chaos.results + sum(chaos.errors.values())
    return (
        Goal("calls that ended in a result or a typed error", accounted, chaos.calls),
        Goal("calls that hung or ended after their deadline", chaos.hanging + chaos.late, 0, at_least=False),
        Goal("calls answered twice, or with another's answer", chaos.twice + chaos.wrong, 0, at_least=False),
    )


def table(chaos: Chaos, in_flight: int) -> FigureTable:
    """The figures."""
    endings = {"its own picture": chaos.results, **chaos.errors, **chaos.strangers}
    endings |= {"another's picture": chaos.wrong, "hanging": chaos.hanging, "ended twice": chaos.twice}
    return FigureTable(
        f"{chaos.calls:,} calls, {in_flight} in flight, the server killed and started again {chaos.kills} times",
        ("ended in", "calls"),
        tuple((name, f"{count:,}") for name, count in endings.items()),
        f"Deadline {DEADLINE_S:g} s each; the longest call took {chaos.longest_s:.1f} s.",
    )
