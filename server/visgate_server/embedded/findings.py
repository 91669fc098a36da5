"""What the doctor reports; knows nothing about how it is found out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad a finding is: a problem keeps the server from starting, a warning costs something."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: what was looked at, in a word or two ("numpy", "gRPC port").
        level: whether it will do.
        found: what was found.
        advice: what to do about it; empty where there is nothing to do.
    """

    check: str
    level: Level
    found: str
    advice: str = ""


def any_problem(findings: Iterable[Finding]) -> bool:
    """Whether anything found keeps the server from starting."""
    return any(finding.level is Level.PROBLEM for finding in findings)
