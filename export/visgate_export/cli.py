"""The `visgate-export` command: models, verify, lock, list; the work is in `pipeline`."""

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from visgate_export.archive_cache import ArchiveCache, default_cache_folder
from visgate_export.catalogue import all_recipes, select_recipes
from visgate_export.diffusion.full_set import full_set, left_out
from visgate_export.diffusion.network_set import Precision
from visgate_export.diffusion.set_recipes import recipes_of_set
from visgate_export.errors import ExportError
from visgate_export.full_recipes import full_perception_recipes, left_to_pocket
from visgate_export.lock_file import LockFile
from visgate_export.other_profiles import notes_for, remove_other_profiles
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
_NOTES = ".export.json"
"""Beside the full profile's networks: what was built from weights that nothing pins."""
_DEFAULT_RECORD = Path("export") / "parity.json"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn pretrained weights into checked ONNX networks in a Triton model repository."""


@main.command()
@_REPOSITORY
@_ONLY
@click.option("--force", is_flag=True, help="Build networks anew that are in place.")
@click.option(
    "--profile",
    type=click.Choice(["pocket", "full"]),
    default="pocket",
    show_default=True,
    help="Which networks: this project's small ones, or those that Visual ChatGPT uses.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with the full profile's weights, a folder for each hub repository; without it the hub is asked.",
)
@click.option(
    "--precision",
    type=click.Choice([precision.value for precision in Precision]),
    default=Precision.HALF.value,
    show_default=True,
    help="What the full profile's networks compute with.",
)
@_TRACEBACK
def models(
    repository: Path,
    only: tuple[str, ...],
    force: bool,
    profile: str,
    weights: Path | None,
    precision: str,
    show_traceback: bool,
) -> None:
    """Fetch, build, check and install every network that is not in place.

    The exit status is 1 if a network is missing in the end; the others are installed all the same. If none is, files
    that only the other profile has are removed, unless --only was given.
    """
    if profile == "pocket":
        if weights is not None:
            raise click.UsageError("--weights goes with --profile full; the pocket networks come from this package")
        recipes = all_recipes()
        outcomes = _work(repository, recipes, only, lambda pipeline, recipe: pipeline.export(recipe, force=force))
    else:
        if weights is not None and (missing := left_out(weights)):
            click.echo(f"not in {weights}, so left out: {', '.join(missing)}", err=True)
        if weights is not None and (kept := left_to_pocket(weights)):
            click.echo(f"not in {weights}, so the pocket network stays: {', '.join(kept)}", err=True)
        full = (*recipes_of_set(full_set(weights, Precision(precision))), *full_perception_recipes(weights))

        def export(pipeline: Pipeline, recipe: NetworkRecipe) -> Outcome:
            if recipe in full:
                notes = notes_for(full, repository / recipe.model / "1" / _NOTES)
                return replace(pipeline, lock=notes).export_unpinned(recipe, force=force)
            return pipeline.export(recipe, force=force)

        replaced = {recipe.model for recipe in full}
        others = tuple(recipe for recipe in all_recipes() if recipe.model not in replaced)
        outcomes = _work(repository, (*others, *full), only, export)
    _finish(outcomes, show_traceback)
    if not only:
        _clear(repository, outcomes)


@main.command()
@_REPOSITORY
@_ONLY
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Enter the figures in this JSON file.")
@_TRACEBACK
def verify(repository: Path, only: tuple[str, ...], report: Path | None, show_traceback: bool) -> None:
    """Check installed networks again: their hashes, and their parity with the references."""
    outcomes = _work(repository, all_recipes(), only, lambda pipeline, recipe: pipeline.verify(recipe))
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
    outcomes = _work(repository, all_recipes(), only, lambda pipeline, recipe: pipeline.pin(recipe))
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


def _work(
    repository: Path,
    recipes: Sequence[NetworkRecipe],
    only: Sequence[str],
    work: Callable[[Pipeline, NetworkRecipe], Outcome],
) -> list[Outcome]:
    from visgate_export.terminal import TerminalProgress

    try:
        chosen = select_recipes(recipes, only)
        with TerminalProgress(Console(stderr=True), len(chosen)) as progress:
            pipeline = Pipeline(repository, ArchiveCache(default_cache_folder()), LockFile(), progress)
            return [work(pipeline, recipe) for recipe in chosen]
    except ExportError as error:
        raise click.ClickException(str(error)) from error


def _clear(repository: Path, outcomes: Sequence[Outcome]) -> None:
    try:
        removed = remove_other_profiles(repository, outcomes)
    except ExportError as error:
        raise click.ClickException(str(error)) from error
    if removed:
        click.echo(f"of another profile, so removed: {', '.join(removed)}", err=True)


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
