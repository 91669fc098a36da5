"""Says what was measured of the diffusion engine: goals, tables and the way each figure was come by."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.engine_arrivals import ArrivalComparison
from benchmarks.engine_benchmark import GAP_MS, EngineFigures
from benchmarks.engine_curves import Curves, mean_of, step_speed_up, unet_speed_up
from benchmarks.engine_memory import STABLE_DIFFUSION_15, VISUAL_CHATGPT_PIPELINES, Memory, stable_diffusion_sizes
from benchmarks.engine_prediction import predicted_ratio
from benchmarks.engine_served import Comparison, Turn
from benchmarks.report import FigureTable, Goal, Report
from visgate_server.diffusion.limits import CPU_LIMITS


@dataclass(frozen=True)
class AtOnce:
    """What drawing at once is worth.

    Attributes:
        speed_up: one after another by at once, the time to the last drawing, median over the pairs of turns.
        unet_allows: the speed-up of the UNet's calls alone.
        networks_allow: the speed-up of the UNet's and the ControlNets' calls alone.
        preview_p50_ms: time to the first preview, one after another and at once.
        preview_p99_ms: the same, 99th percentile.
    """

    speed_up: float
    unet_allows: float
    networks_allow: float
    preview_p50_ms: tuple[float, float]
    preview_p99_ms: tuple[float, float]


def engine_report(figures: EngineFigures, machine: Mapping[str, Any]) -> Report:
    """Puts one run's figures together."""
    curves = mean_of(figures.curves_before, figures.curves_after)
    at_once = _at_once(figures, curves)
    predictions = [predicted_ratio(curves, comparison.load) for comparison in figures.arrivals]
    return Report(
        name="engine",
        title="The diffusion engine: step-level batching",
        machine=machine,
        goals=_goals(figures, at_once),
        tables=(
            _curve_table(figures),
            _served_table(figures.served, at_once),
            _arrival_table(figures.arrivals, predictions),
            _alone_table(figures),
            _memory_table(figures),
            _computed_table(),
            _leaving_table(figures),
        ),
        figures=_plain_figures(figures, at_once, predictions),
    )


def _at_once(figures: EngineFigures, curves: Curves) -> AtOnce:
    served = figures.served
    pairs = zip(served.one_after_another, served.at_once, strict=True)
    alone, together = _previews(served.one_after_another), _previews(served.at_once)
    return AtOnce(
        speed_up=statistics.median(one.wall_ms / other.wall_ms for one, other in pairs),
        unet_allows=unet_speed_up(curves, figures.jobs),
        networks_allow=step_speed_up(curves, figures.jobs),
        preview_p50_ms=(_percentile(alone, 50), _percentile(together, 50)),
        preview_p99_ms=(_percentile(alone, 99), _percentile(together, 99)),
    )


def _previews(turns: Iterable[Turn]) -> list[float]:
    return [drawing.first_preview_ms for turn in turns for drawing in turn.drawings]


def _percentile(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def _goals(figures: EngineFigures, at_once: AtOnce) -> tuple[Goal, ...]:
    alone, together = at_once.preview_p99_ms
    arrivals = [
        Goal(f"{comparison.load.name}: mean time to finish, whole requests / by step", comparison.ratio, 1.3)
        for comparison in figures.arrivals
        if comparison.load.gap_ms == GAP_MS and len({job.steps for job in comparison.load.jobs}) == 1
    ]
    return (
        Goal(
            "8 at once: share of the speed-up that the UNet's curve allows", at_once.speed_up / at_once.unet_allows, 0.9
        ),
        Goal(
            "8 at once: share of the speed-up that UNet and ControlNets allow",
            at_once.speed_up / at_once.networks_allow,
            0.9,
        ),
        Goal("first preview, p99: one after another / at once", alone / together, 3),
        *arrivals,
        Goal("one request alone: engine / plain loop, in process", figures.alone.engine_ratio, 1.05, at_least=False),
        Goal("steps after a caller left, at most", max(figures.leaving.steps_in_engine), 1, at_least=False),
        Goal(
            f"memory gained or lost over {figures.leaving.requests} requests, share",
            abs(figures.leaving.growth),
            0.05,
            at_least=False,
        ),
    )


def _curve_table(figures: EngineFigures) -> FigureTable:
    rows = []
    for network, before in figures.curves_before.ms.items():
        after = figures.curves_after.ms[network]
        rows += [
            (network, str(count), f"{ms:.2f}", f"{after[count]:.2f}", f"{(ms + after[count]) / 2 / count:.2f}")
            for count, ms in before.items()
        ]
    return FigureTable(
        "The denoising networks alone",
        ("network", "rows", "before, ms", "after, ms", "ms a row"),
        tuple(rows),
        "ONNX Runtime in the benchmark's process, opened as the server opens them; medians, at the beginning of the "
        "run and at its end. With guidance a request has two rows.",
    )


def _served_table(served: Comparison, at_once: AtOnce) -> FigureTable:
    alone, together = _wall(served.one_after_another), _wall(served.at_once)
    rows = (
        ("time to the last drawing, median, ms", f"{alone:.0f}", f"{together:.0f}", f"{at_once.speed_up:.2f}"),
        ("of that the UNet's curve allows", "", "", f"{at_once.unet_allows:.2f}"),
        ("of that UNet and ControlNets allow", "", "", f"{at_once.networks_allow:.2f}"),
        ("time to the first preview, p50, ms", *_beside(at_once.preview_p50_ms)),
        ("time to the first preview, p99, ms", *_beside(at_once.preview_p99_ms)),
        ("UNet calls", *_beside((_calls(served.one_after_another), _calls(served.at_once)))),
    )
    turns = len(served.at_once)
    return FigureTable(
        "Eight requests for three tools, 20 steps each, through Triton",
        ("", "one after another", "at once", "ratio"),
        rows,
        f"generate_image 3, image_from_edges 3, image_from_depth 2, guidance on, not enlarged, watched with `stream`; "
        f"{turns} turns of each way, alternating; all times since all eight came. Allowed by the UNet's curve: "
        "8 u(2) / u(16), with u(r) the UNet's time for r rows (mean of before and after). Allowed by UNet and "
        "ControlNets: (8 u(2) + 3 e(2) + 2 d(2)) / (u(16) + e(6) + d(4)), as each request with a control picture costs "
        "a ControlNet call a step beside the UNet's, and together they cost one a kind. Neither counts text encoder, "
        "decoder, scheduling or transport. UNet calls at once are computed from what each drawing tells of its calls.",
    )


def _wall(turns: Iterable[Turn]) -> float:
    return statistics.median(turn.wall_ms for turn in turns)


def _calls(turns: Iterable[Turn]) -> float:
    return statistics.median(turn.unet_calls for turn in turns)


def _beside(pair: tuple[float, float]) -> tuple[str, str, str]:
    one, other = pair
    return f"{one:.0f}", f"{other:.0f}", f"{one / other:.2f}"


def _arrival_table(arrivals: Iterable[ArrivalComparison], predictions: Iterable[float]) -> FigureTable:
    rows = tuple(
        (
            comparison.load.name,
            f"{comparison.whole_requests.mean_ms:.0f}",
            f"{comparison.by_step.mean_ms:.0f}",
            f"{comparison.by_step_all.mean_ms:.0f}",
            f"{comparison.ratio:.2f}",
            f"{comparison.ratio_at_batch_end:.2f}",
            f"{prediction:.2f}",
            f"{comparison.whole_requests.unet_calls:.0f}",
            f"{comparison.by_step.unet_calls:.0f}",
        )
        for comparison, prediction in zip(arrivals, predictions, strict=True)
    )
    header = (
        "load",
        "whole requests, ms",
        "by step, ms",
        "by step, all advance, ms",
        "ratio",
        "ratio, answers at batch end",
        "ratio by the curves",
        "calls, whole",
        "calls, by step",
    )
    return FigureTable(
        "Batching step by step beside batching whole requests: mean time from arrival to drawing",
        header,
        rows,
        "In this process, the same engine, networks, progress and previews in both ways, three tools in turn. Whole "
        "requests: all who wait are drawn from first step to last, and who comes meanwhile waits for the next batch; a "
        "request with fewer steps leaves the batch when it is done, and gets its drawing then (`ratio`) or when the "
        "whole batch is finished, as a batched call of a whole pipeline answers. The ratios are to `by step`, with the "
        f"served model's limits: {CPU_LIMITS.max_advancing} advance at a step, those with the fewest steps left; in "
        "the column beside it everybody advances at every step. `ratio by the curves`: the same two ways computed from "
        "the networks' curves alone, with nothing else costing anything: what this machine and this load leave to be "
        "gained. The steeper the curves, the less a shared call saves.",
    )


def _alone_table(figures: EngineFigures) -> FigureTable:
    alone = figures.alone
    ways = (
        ("plain loop over the networks, in process", alone.plain_loop, 1.0),
        ("engine, in process", alone.engine, alone.engine_ratio),
        ("call through Triton", alone.served, alone.served_ratio),
    )
    return FigureTable(
        "One request alone, 20 DDIM steps with guidance",
        ("", "p50, ms", "p90, ms", "ratio"),
        tuple((name, f"{took.p50_ms:.1f}", f"{took.p90_ms:.1f}", f"{ratio:.3f}") for name, took, ratio in ways),
        f"{alone.engine.calls} drawings each, in turns of four. The loop (numpy: text encoder, UNet at every step, "
        "DDIM, decoder) and the engine share their networks and draw the same picture.",
    )


def _memory_table(figures: EngineFigures) -> FigureTable:
    engine, pipelines = figures.memory.engine, figures.memory.pipelines
    together = Memory(sum(each.pss for each in pipelines), sum(each.rss for each in pipelines))
    rows = tuple(
        (name, f"{one / 2**20:.0f}", f"{other / 2**20:.0f}", f"{one / other:.2f}")
        for name, one, other in (("PSS", together.pss, engine.pss), ("RSS", together.rss, engine.rss))
    )
    return FigureTable(
        f"Memory: {len(pipelines)} tools",
        ("MiB", "a process a tool", "one engine", "ratio"),
        rows,
        "The engine is the model's process inside Triton, after drawings with all four tools. Each separate process "
        "holds text encoder, autoencoder, UNet and the ControlNet that its tool needs, and has drawn once. PSS splits "
        "library pages between the processes that share them, and was read with all of them alive, which favours them.",
    )


def _computed_table() -> FigureTable:
    counts = STABLE_DIFFUSION_15
    separate, engine = stable_diffusion_sizes()
    row = ("fp16 weights, GB", f"{separate:.1f}", f"{engine:.1f}", f"{separate / engine:.2f}")
    return FigureTable(
        "COMPUTED, not measured: the same with Stable Diffusion 1.5",
        ("", f"{VISUAL_CHATGPT_PIPELINES} pipelines", "one engine", "ratio"),
        (row,),
        f"From parameter counts in millions: UNet {counts.unet}, text encoder {counts.text_encoder}, autoencoder "
        f"{counts.autoencoder}, ControlNet {counts.control_net}. Visual ChatGPT has {VISUAL_CHATGPT_PIPELINES} copies "
        "of the first three, eight of them with a ControlNet each; the engine has one copy and the eight ControlNets. "
        "Activations, and the two UNets that edit and inpaint, are left out of both.",
    )


def _leaving_table(figures: EngineFigures) -> FigureTable:
    leaving = figures.leaving
    in_engine, served = leaving.steps_in_engine, leaving.steps_served
    rows = (
        ("steps run after leaving, in process: mean, most", f"{statistics.mean(in_engine):.2f}", str(max(in_engine))),
        ("steps beyond the last seen, over gRPC: mean, most", f"{statistics.mean(served):.2f}", str(max(served))),
        (
            f"memory before and after {leaving.requests} requests, MiB",
            f"{leaving.rss_before / 2**20:.1f}",
            f"{leaving.rss_after / 2**20:.1f}",
        ),
    )
    return FigureTable(
        "Callers that leave",
        ("", "", ""),
        rows,
        f"In process: {len(in_engine)} callers that leave at any moment; the step under way counts. Over gRPC "
        f"({len(served)} callers) the way of the progress to the caller and of the cancellation back is in the figure; "
        "counted by what a longer drawing tells of its company. Memory: resident, of the model's process; half of the "
        "requests finished, half left at their first progress.",
    )


def _plain_figures(figures: EngineFigures, at_once: AtOnce, predictions: list[float]) -> dict[str, Any]:
    separate, engine = stable_diffusion_sizes()
    return {
        "curves_before_ms": figures.curves_before.ms,
        "curves_after_ms": figures.curves_after.ms,
        "at_once": asdict(at_once),
        "turns": asdict(figures.served),
        "arrivals": [
            {
                "load": comparison.load.name,
                "steps": [job.steps for job in comparison.load.jobs],
                "gap_ms": comparison.load.gap_ms,
                "by_step": asdict(comparison.by_step),
                "by_step_all_advance": asdict(comparison.by_step_all),
                "whole_requests": asdict(comparison.whole_requests),
                "ratio": comparison.ratio,
                "ratio_at_batch_end": comparison.ratio_at_batch_end,
                "ratio_by_the_curves": prediction,
            }
            for comparison, prediction in zip(figures.arrivals, predictions, strict=True)
        ],
        "alone": asdict(figures.alone)
        | {"engine_ratio": figures.alone.engine_ratio, "served_ratio": figures.alone.served_ratio},
        "memory": asdict(figures.memory) | {"ratio": figures.memory.ratio},
        "computed_stable_diffusion_15_gb": {"separate": separate, "engine": engine, "ratio": separate / engine},
        "leaving": asdict(figures.leaving) | {"growth": figures.leaving.growth},
    }
