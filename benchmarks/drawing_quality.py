"""How well the served pocket networks draw what was asked for, and how closely they keep to a control picture.

Everything is drawn through a real Triton with the tools' default settings, at the networks' own 64 × 64 pixels, and
judged by a network that was trained apart, on real renderings (`visgate_export.pocket.quality`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.control_following import EXPLANATION, KINDS, ControlMargin, DrawingCall, control_margins
from benchmarks.drawing_sheet import draw_sheet
from benchmarks.engine_benchmark import drawing_server
from benchmarks.engine_served import TIMEOUT_S
from benchmarks.report import FigureTable, Goal, Report
from visgate_client import AsyncVisionClient
from visgate_export.pocket.captions import HELD_OUT
from visgate_export.pocket.judge import Judge
from visgate_export.pocket.quality import Quality, Task, held_out_tasks, judge_drawings, load_judge
from visgate_export.pocket.rendering import SceneRenderer
from visgate_export.pocket.scenes import scenes
from visgate_export.pocket.sprites import read_sprites

UInt8Array = NDArray[np.uint8]

SHEET = Path(__file__).parents[1] / "docs" / "pictures" / "drawings.png"
CONTROL_MARGIN = 0.1
"""By how much a drawing agrees better with a control picture than without, at least."""

_TASK_SEED, _UNSEEN_SEED, _JUDGE_SEED = 20_001, 20_002, 20_004
_AT_ONCE = 16


@dataclass(frozen=True)
class Counts:
    """How many of each are drawn, or looked at.

    Attributes:
        plain: captions in the simplest wording.
        free: captions in the wordings of training.
        unseen: captions in wordings that training never used.
        controlled: scenes, each drawn with and without a control picture of each kind.
        real: real renderings, which the judge must see through.
        sheet: drawings on the sheet.
    """

    plain: int = 100
    free: int = 100
    unseen: int = 100
    controlled: int = 50
    real: int = 500
    sheet: int = 40


FEW = Counts(plain=2, free=2, unseen=2, controlled=2, real=8, sheet=4)
"""Enough to see that everything runs; the figures say nothing."""


@dataclass(frozen=True)
class QualityFigures:
    """Everything that one run found.

    Attributes:
        captions: the held-out captions, plain wordings and free ones together; then each apart.
        unseen: captions in wordings that training never used.
        real: what the judge makes of real renderings.
        margins: by kind of control picture.
        sheet: prompts and their drawings, UINT8 [64, 64, 3]: the first of each wording, none chosen.
    """

    captions: Mapping[str, Quality]
    unseen: Quality
    real: Quality
    margins: tuple[ControlMargin, ...]
    sheet: tuple[tuple[str, UInt8Array], ...]


def measure_quality(counts: Counts, tell: Callable[[str], None]) -> QualityFigures:
    """Draws and judges everything.

    Args:
        counts: how much.
        tell: called with what is done next.

    Raises:
        FileNotFoundError: the judge has not been trained.
    """
    judge = load_judge()
    seen = counts.plain + counts.free
    tasks = held_out_tasks(seen, _TASK_SEED, plain_share=counts.plain / seen)
    unseen = held_out_tasks(counts.unseen, _UNSEEN_SEED, HELD_OUT)
    renderer = SceneRenderer(read_sprites())
    with drawing_server() as server:
        tell(f"{seen + counts.unseen} drawings")
        calls = [DrawingCall("generate_image", task.prompt, seed) for seed, task in enumerate((*tasks, *unseen))]
        drawings = asyncio.run(_draw(server.address, calls))
        tell(f"{counts.controlled} scenes with and without control pictures")
        margins = control_margins(
            lambda calls: asyncio.run(_draw(server.address, calls)), renderer, KINDS, counts.controlled
        )
    tell("the judge")
    split = counts.plain
    half = counts.sheet // 2
    shown = (*range(half), *range(split, split + counts.sheet - half))
    return QualityFigures(
        captions={
            "all": judge_drawings(judge, tasks, drawings[:seen]),
            "plain": judge_drawings(judge, tasks[:split], drawings[:split]),
            "free": judge_drawings(judge, tasks[split:], drawings[split:seen]),
        },
        unseen=judge_drawings(judge, unseen, drawings[seen:]),
        real=_judge_real(judge, renderer, counts.real),
        margins=margins,
        sheet=tuple((tasks[index].prompt, drawings[index]) for index in shown),
    )


async def _draw(address: str, calls: Sequence[DrawingCall]) -> UInt8Array:
    """The drawings, UINT8 [N, 64, 64, 3], so many of them at once."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(client: AsyncVisionClient, call: DrawingCall) -> UInt8Array:
        arguments: dict[str, Any] = {"prompt": call.prompt, "seed": call.seed, "enlarge": False}
        if call.image is not None:
            arguments["image"] = call.image
        async with places:
            return (await client.call(call.tool, arguments)).arrays["picture"]

    async with AsyncVisionClient(address, timeout=TIMEOUT_S) as client:
        return np.stack(await asyncio.gather(*(one(client, call) for call in calls)))


def _judge_real(judge: Judge, renderer: SceneRenderer, count: int) -> Quality:
    """What the judge makes of scenes that no network was trained on: it should find in them what is there."""
    real = list(islice(scenes(_JUDGE_SEED, held_out=True), count))
    tasks = [Task("", scene.combination) for scene in real]
    return judge_drawings(judge, tasks, np.stack([renderer.picture(scene) for scene in real]))


def quality_report(figures: QualityFigures, machine: Mapping[str, Any]) -> Report:
    """Puts one run's figures together."""
    asked = figures.captions["all"]
    rows = [
        ("plain and free wordings", asked),
        ("plain wordings", figures.captions["plain"]),
        ("free wordings", figures.captions["free"]),
        ("wordings never trained", figures.unseen),
        ("real renderings (the judge's own errors)", figures.real),
    ]
    quality = FigureTable(
        "Drawings that show what was asked for",
        ("captions", "drawings", "objects", "background", "arrangement", "all three"),
        tuple(
            (name, str(found.drawings), *(f"{share:.1%}" for share in _shares(found).values())) for name, found in rows
        ),
        "Combinations of objects, arrangement and background that no network was trained on; default steps, guidance "
        f"and scheduler, seeds 0 to {asked.drawings + figures.unseen.drawings - 1}, each drawn once, {_AT_ONCE} at "
        "once through Triton, not enlarged. `Plain` says it the simplest way, `free` in the wordings of training, the "
        "fourth line in wordings that training never used.",
    )
    margins = FigureTable(
        "Keeping to a control picture",
        ("control", "scenes", "with", "without", "margin"),
        tuple(
            (each.kind, str(each.scenes), f"{each.with_control:.3f}", f"{each.without:.3f}", f"{each.margin:.3f}")
            for each in figures.margins
        ),
        EXPLANATION,
    )
    return Report(
        name="drawing-quality",
        title="What the pocket networks draw",
        machine=machine,
        goals=(
            Goal("right objects", asked.objects, 0.90),
            Goal("right background", asked.background, 0.95),
            Goal("right arrangement", asked.arrangement, 0.85),
            Goal("the judge: right objects in real renderings", figures.real.objects, 0.98),
            Goal("the judge: right background in real renderings", figures.real.background, 0.98),
            Goal("the judge: right arrangement in real renderings", figures.real.arrangement, 0.98),
            *(Goal(f"control margin, {each.kind}", each.margin, CONTROL_MARGIN) for each in figures.margins),
        ),
        tables=(quality, margins),
        figures={
            "captions": {name: asdict(found) for name, found in figures.captions.items()},
            "wordings_never_trained": asdict(figures.unseen),
            "judge_on_real_renderings": asdict(figures.real),
            "control_margins": [asdict(each) | {"margin": each.margin} for each in figures.margins],
        },
    )


def _shares(found: Quality) -> Mapping[str, float]:
    return {
        "objects": found.objects,
        "background": found.background,
        "arrangement": found.arrangement,
        "all": found.all,
    }


def write_sheet(figures: QualityFigures, path: Path = SHEET) -> Path:
    """Writes the drawings with their prompts as one PNG; returns its path."""
    draw_sheet(figures.sheet).save(path, optimize=True)
    return path
