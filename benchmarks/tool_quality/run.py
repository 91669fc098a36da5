"""Finds the modules that measure tools; knows nothing about what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from benchmarks.tool_quality import QUALITY_MODULES
from benchmarks.tool_quality.measured import QualityModule


def chosen_modules(names: Sequence[str]) -> list[QualityModule]:
    """The modules of those names, or all of them if there are no names.

    Raises:
        LookupError: a name is no module's.
    """
    modules = [cast(QualityModule, import_module(f"benchmarks.tool_quality.{name}")) for name in QUALITY_MODULES]
    known = {module.NAME: module for module in modules}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LookupError(f"nothing measures {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else modules
