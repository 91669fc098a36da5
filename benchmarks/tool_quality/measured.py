"""One measured figure of one tool, and what a module that measures has to offer; measures nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from benchmarks.report import Goal


@dataclass(frozen=True)
class Measured:
    """A figure.

    Attributes:
        tool: the tool's name, as the LLM sees it.
        figure: what was measured, in a few words, with the unit if there is one.
        value: the figure; shares are 0–1.
        goal: what it should reach; None where nothing was promised.
        count: of pictures, questions or calls that it was measured on.
        at_least: the goal is to be reached; otherwise it is not to be exceeded.
    """

    tool: str
    figure: str
    value: float
    goal: float | None
    count: int
    at_least: bool = True

    def as_goal(self) -> Goal | None:
        """The figure beside what was promised; None where nothing was."""
        if self.goal is None:
            return None
        return Goal(f"{self.tool}: {self.figure}", self.value, self.goal, self.at_least)


class QualityModule(Protocol):
    """What every module that `QUALITY_MODULES` names has."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """How the module is called on the command line."""
        ...

    @property
    def GOALS(self) -> Mapping[str, float]:  # noqa: N802 - a module's constant
        """What each figure should reach, by the figure's name; figures without a goal are not in it."""
        ...

    def measure(self, scenes: int) -> list[Measured]:
        """Measures on so many held-out scenes.

        Raises:
            NetworkError: a network has not been exported.
        """
        ...


def mean_of(
    tool: str,
    figure: str,
    values: Sequence[float | bool],
    goals: Mapping[str, float] = MappingProxyType({}),
    *,
    at_least: bool = True,
) -> Measured:
    """The mean of what was seen, 0 where nothing was, beside the figure's goal if it has one."""
    value = sum(values) / len(values) if len(values) else 0.0
    return Measured(tool, figure, float(value), goals.get(figure), len(values), at_least=at_least)
