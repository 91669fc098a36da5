"""What is known of a tool beside its own declaration: licences, measured quality and cost; writes no document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from visgate_export.catalogue import all_recipes
from visgate_server.model_spec import ModelSpec

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PARITY = ROOT / "export" / "parity.json"
NOT_MEASURED = "not measured"


class ToolEvidence:
    """Licences from the recipes, figures from the newest files that have them.

    Args:
        models: every served model, by name; a composite one has the licences of those that it calls.
        results: the folder with the benchmarks' runs, whose names begin with their dates.
        parity: the export's comparison of every network with its reference.
    """

    def __init__(self, models: Mapping[str, ModelSpec], results: Path = RESULTS, parity: Path = PARITY) -> None:
        self._models = models
        self._results = results
        self._parity_file = parity

    def licences(self, model: ModelSpec) -> str:
        """The licences of all weights that an answer of this model may rest on."""
        found = dict.fromkeys(
            recipe.licence for name in self._with_called(model.name) for recipe in self._recipes if recipe.model == name
        )
        return ", ".join(found) or "no weights"

    def quality(self, tool: str) -> str:
        """Those of the tool's measured figures that have a goal; the first where none has."""
        rows = self._measured(tool)
        chief = [row for row in rows if row.get("goal") is not None] or rows[:1]
        return "<br>".join(_figure(row) for row in chief) or NOT_MEASURED

    def figures(self, tool: str) -> tuple[str, ...]:
        """All of the tool's measured figures, each with its goal where it has one."""
        return tuple(_figure(row) for row in self._measured(tool))

    def cost(self, model: ModelSpec, tool: str) -> str:
        """Milliseconds of a served call, and the exported networks' largest difference over what is allowed."""
        parts = list(self._served_ms(tool))
        if (share := self._parity_share(model.name)) is not None:
            parts.append(f"parity {max(share, 0.01):.2f}")
        return "<br>".join(parts) or NOT_MEASURED

    def _measured(self, tool: str) -> list[Mapping[str, Any]]:
        """The rows about a tool in the newest run that has any."""
        runs = (
            *(run["figures"] for run in self._runs("tool-quality")),
            *(_drawing_figures(run) for run in self._runs("drawing-quality")),
        )
        found = ([row for row in rows if row["tool"] == tool] for rows in runs)
        return next((rows for rows in found if rows), [])

    @cached_property
    def _recipes(self) -> tuple[Any, ...]:
        return all_recipes()

    @cached_property
    def _parity(self) -> Mapping[str, Any]:
        networks: Mapping[str, Any] = json.loads(self._parity_file.read_text(encoding="utf-8"))
        return networks

    def _with_called(self, name: str) -> tuple[str, ...]:
        """A model and all that it calls, directly or not, each once."""
        seen: dict[str, None] = {}
        waiting = [name]
        while waiting:
            current = waiting.pop(0)
            if current not in seen and current in self._models:
                seen[current] = None
                waiting += self._models[current].calls
        return tuple(seen)

    def _runs(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The runs of one kind, newest first."""
        for path in sorted(self._results.glob(f"*{kind}*.json"), reverse=True):
            yield json.loads(path.read_text(encoding="utf-8"))

    def _served_ms(self, tool: str) -> Iterator[str]:
        """One caller's median, for each kind of picture that it was measured with."""
        for run in self._runs("tool-costs"):
            if rows := [row for row in run["costs"] if row["tool"] == tool]:
                yield from (f"{row['served']['p50_ms']:.0f} ms ({row['given']})" for row in rows)
                return

    def _parity_share(self, model: str) -> float | None:
        """The largest difference of any output of the model's networks, as a share of its tolerance."""
        shares = [
            output["max_abs_difference"] / output["tolerance"]
            for network in self._parity.values()
            if network["file"].startswith(f"{model}/")
            for output in network["outputs"]
            if output["tolerance"]
        ]
        return max(shares, default=None)


def _figure(row: Mapping[str, Any]) -> str:
    goal = ""
    if row.get("goal") is not None:
        goal = f" ({'at least' if row.get('at_least', True) else 'at most'} {row['goal']:g} wanted)"
    return f"{row['figure']}: {row['value']:.3g}{goal}, of {row['count']}"


def _drawing_figures(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The run that draws held-out captions and along control pictures, as figures of tools."""
    captions = run["captions"]["all"]
    yield {
        "tool": "generate_image",
        "figure": "objects, arrangement and background as the held-out caption says",
        "value": captions["all"],
        "count": captions["drawings"],
    }
    for row in run["control_margins"]:
        yield {
            "tool": f"image_from_{row['kind']}",
            "figure": f"edges agree with the wanted ones, F-score ({row['without']:.2f} without the control picture)",
            "value": row["with_control"],
            "count": row["scenes"],
        }
