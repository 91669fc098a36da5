"""The `visgate-export` command: models, verify, lock, list; the work is in `pipeline`."""

import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console

from visgate_export.archive_cache import ArchiveCache, default_cache_folder
from visgate_export.catalogue import all_recipes, select_recipes
from visgate_export.errors import ExportError
from visgate_export.lock_file import LockFile
from visgate_export.pipeline import Outcome, Pipeline, Status, is_in_place
from visgate_export.recipe import NetworkRecipe

_REPOSITORY = click.option(
    "--repository",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("model_repository"),
    show_default=True,
    help="Triton model repository.",
)
_ONLY = click.option("--only", metavar="NAME", multiple=True, help="A network or Triton model; may be repeated.")
_TRACEBACK = click.option("--traceback", "show_traceback", is_flag=True, help="Show where a failure comes from.")
_DEFAULT_RECORD = Path("export") / "parity.json"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn pretrained weights into checked ONNX networks in a Triton model repository."""


@main.command()
@_REPOSITORY
@_ONLY
@click.option("--force", is_flag=True, help="Build networks anew that are in place.")
@_TRACEBACK
def models(repository: Path, only: tuple[str, ...], force: bool, show_traceback: bool) -> None:
    """Fetch, build, check and install every network that is not in place.

    The exit status is 1 if a network is missing in the end; the others are installed all the same.
    """
    outcomes = _work(repository, only, lambda pipeline, recipe: pipeline.export(recipe, force=force))
    _finish(outcomes, show_traceback)


@main.command()
@_REPOSITORY
@_ONLY
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Enter the figures in this JSON file.")
@_TRACEBACK
def verify(repository: Path, only: tuple[str, ...], report: Path | None, show_traceback: bool) -> None:
    """Check installed networks again: their hashes, and their parity with the references."""
    outcomes = _work(repository, only, lambda pipeline, recipe: pipeline.verify(recipe))
    if report is not None:
        _record(report, outcomes)
    _finish(outcomes, show_traceback)


@main.command()
@_REPOSITORY
@_ONLY
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_DEFAULT_RECORD,
    show_default=True,
    help="Enter the parity figures in this JSON file.",
)
@_TRACEBACK
def lock(repository: Path, only: tuple[str, ...], report: Path, show_traceback: bool) -> None:
    """Build and check networks and pin whatever comes out in models.lock.json, on purpose."""
    outcomes = _work(repository, only, lambda pipeline, recipe: pipeline.pin(recipe))
    _record(report, outcomes)
    _finish(outcomes, show_traceback)


@main.command(name="list")
@_REPOSITORY
def list_networks(repository: Path) -> None:
    """List the networks, where they come from, and which are in place."""
    from visgate_export.terminal import recipe_table

    recipes = all_recipes()
    try:
        in_place = [is_in_place(recipe, repository, LockFile()) for recipe in recipes]
    except ExportError as error:
        raise click.ClickException(str(error)) from error
    Console().print(recipe_table(recipes, in_place))


def _work(repository: Path, only: Sequence[str], work: Callable[[Pipeline, NetworkRecipe], Outcome]) -> list[Outcome]:
    from visgate_export.terminal import TerminalProgress

    try:
        recipes = select_recipes(all_recipes(), only)
        with TerminalProgress(Console(stderr=True), len(recipes)) as progress:
            pipeline = Pipeline(repository, ArchiveCache(default_cache_folder()), LockFile(), progress)
            return [work(pipeline, recipe) for recipe in recipes]
    except ExportError as error:
        raise click.ClickException(str(error)) from error


def _finish(outcomes: Sequence[Outcome], show_traceback: bool) -> None:
    from visgate_export.terminal import outcome_table, print_failures

    console = Console()
    console.print(outcome_table(outcomes))
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    if not failed:
        return
    from visgate_export.lost_tools import lost_models

    print_failures(Console(stderr=True), failed, lost_models(outcome.recipe.model for outcome in failed))
    if show_traceback:
        for outcome in failed:
            traceback.print_exception(outcome.error)
    sys.exit(1)


def _record(path: Path, outcomes: Sequence[Outcome]) -> None:
    from visgate_export.parity_record import update_parity_record

    try:
        update_parity_record(path, outcomes)
    except ExportError as error:
        raise click.ClickException(str(error)) from error
