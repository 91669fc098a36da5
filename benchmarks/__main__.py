"""Runs the benchmarks, each against a Triton of its own, and writes their figures to `benchmarks/results/`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from benchmarks import served_call
from benchmarks.client_benchmark import client
from benchmarks.engine_benchmark import FEW, Repetitions, measure_engine
from benchmarks.engine_report import engine_report
from benchmarks.report import Report, machine, save, show
from benchmarks.served_call_report import served_call_report
from benchmarks.tool_cost_calls import costed_calls
from benchmarks.tool_costs import measure_costs, tool_cost_report
from visgate_client import VisionClient
from visgate_server.embedded import EmbeddedServer

SAVE = click.option("--save", "is_saved", is_flag=True, help="Write the figures to benchmarks/results/.")
QUICK = click.option("--quick", is_flag=True, help="Only see that it runs: the figures say nothing.")


@click.group()
def main() -> None:
    """Measures what serving costs and what it is worth; every figure is a comparison within one run."""


@main.command()
@click.option("--rounds", default=100, show_default=True, help="Timed calls of each tool on each side.")
@SAVE
def calls(rounds: int, is_saved: bool) -> None:
    """Served calls beside the same work in the caller's process."""
    console, place = Console(), machine()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedServer.on_free_ports(served_call.ROOT / "model_repository", Path(folder)).start() as server,
        VisionClient(server.address) as client,
        _telling(console) as tell,
    ):
        alone, crowd = [], []
        for tool in served_call.TOOLS:
            tell(f"{tool}, one caller")
            alone.append(served_call.one_caller(client, tool, rounds))
        for callers in served_call.CALLERS:
            tell(f"classify_image, {callers} callers")
            crowd.append(served_call.many_callers(client, "classify_image", callers, 3 * rounds))
    _publish(served_call_report(alone, crowd, place), console, is_saved)


@main.command()
@SAVE
@QUICK
def engine(is_saved: bool, quick: bool) -> None:
    """The diffusion engine: batching by step beside one at a time and beside whole requests; cost alone; memory."""
    _refuse_to_save(is_saved, quick)
    console, place = Console(), machine()
    with _telling(console) as tell:
        figures = measure_engine(FEW if quick else Repetitions(), tell)
    _publish(engine_report(figures, place), console, is_saved)


@main.command()
@SAVE
@QUICK
@click.option("--sheet", is_flag=True, help="Write a sheet of 40 of the drawings to docs/pictures/.")
def drawings(is_saved: bool, quick: bool, sheet: bool) -> None:
    """How well the pocket networks draw what was asked for, as the judge network sees it."""
    # Here and not above: it loads PyTorch, which the other benchmarks must not have in their process.
    import benchmarks.drawing_quality as drawing_quality

    _refuse_to_save(is_saved or sheet, quick)
    console, place = Console(), machine()
    with _telling(console) as tell:
        figures = drawing_quality.measure_quality(drawing_quality.FEW if quick else drawing_quality.Counts(), tell)
    _publish(drawing_quality.quality_report(figures, place), console, is_saved)
    if sheet:
        console.print(f"written: {drawing_quality.write_sheet(figures)}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--scenes", default=200, show_default=True, help="Held-out scenes that each tool is measured on.")
@SAVE
def quality(names: tuple[str, ...], scenes: int, is_saved: bool) -> None:
    """How well the tools do their work in the pocket profile: those of the modules NAMES, or all."""
    # Here and not above, as for drawings.
    from benchmarks.tool_quality.record import latest_figures, tool_quality_report, with_new_figures
    from benchmarks.tool_quality.run import chosen_modules

    console, place, measured = Console(), machine(), []
    try:
        modules = chosen_modules(names)
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error
    with _telling(console) as tell:
        for module in modules:
            tell(module.NAME)
            measured += module.measure(scenes)
            if is_saved:  # at once: all modules take an hour, and the last may fail
                save(tool_quality_report(with_new_figures(latest_figures(), measured), place))
    figures = with_new_figures(latest_figures(), measured) if is_saved else measured
    _publish(tool_quality_report(figures, place), console, is_saved)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--rounds", default=20, show_default=True, help="Timed calls of each tool.")
@SAVE
def costs(names: tuple[str, ...], rounds: int, is_saved: bool) -> None:
    """What one call of each tool costs its one caller: of the tools NAMES, or of all."""
    if is_saved and names:
        raise click.UsageError("only the costs of all tools are kept together: name none to keep them")
    chosen = [call for call in costed_calls() if not names or call.tool in names]
    if not chosen:
        raise click.UsageError(f"nothing costs {', '.join(names)}")
    console, place = Console(), machine()
    with _telling(console) as tell:
        figures = measure_costs(chosen, rounds, tell)
    _publish(tool_cost_report(figures, place), console, is_saved)


main.add_command(client)


def _refuse_to_save(is_saved: bool, quick: bool) -> None:
    if is_saved and quick:
        raise click.UsageError("the figures of a quick run say nothing: leave out --quick to keep them")


@contextmanager
def _telling(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows what is being measured."""
    with console.status("starting") as status:
        yield status.update


def _publish(report: Report, console: Console, is_saved: bool) -> None:
    show(report, console)
    if is_saved:
        for path in save(report):
            console.print(f"written: {path}")


if __name__ == "__main__":
    main()
