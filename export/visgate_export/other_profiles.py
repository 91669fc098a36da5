"""Removes from a model repository what only another profile puts there, and its notes; builds and installs nothing."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from visgate_export.catalogue import all_recipes
from visgate_export.diffusion.full_set import full_set
from visgate_export.diffusion.network_set import Precision
from visgate_export.diffusion.set_recipes import recipes_of_set
from visgate_export.errors import LeftFileError
from visgate_export.full_recipes import every_perception_recipe
from visgate_export.lock_file import LockFile
from visgate_export.pipeline import Outcome, Status
from visgate_export.recipe import NetworkRecipe


def files_of_any_profile() -> frozenset[str]:
    """Every path below the model repository that a recipe of some profile installs, whatever weights there are."""
    # File names are the same at any precision.
    full = (*recipes_of_set(full_set(None, Precision.HALF)), *every_perception_recipe())
    return _files_of((*all_recipes(), *full))


def remove_other_profiles(repository: Path, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Removes the files that a recipe of some profile installs and none of these; a server would use them.

    Nothing is removed where a network failed: what is there then may be all that there is.

    Args:
        repository: the model repository.
        outcomes: of every network of the profile that was chosen.

    Returns:
        What was removed: paths below the repository, in order.

    Raises:
        LeftFileError: a file cannot be removed; those before it are.
    """
    if any(outcome.status is Status.FAILED for outcome in outcomes):
        return ()
    left = files_of_any_profile() - _files_of(outcome.recipe for outcome in outcomes)
    there = tuple(file for file in sorted(left) if (repository / file).is_file())
    for file in there:
        try:
            (repository / file).unlink()
        except OSError as error:
            raise LeftFileError(
                f"{repository / file} belongs to another profile and cannot be removed ({error}): remove it by hand, "
                "or the server may use it"
            ) from error
    return there


def notes_for(recipes: Iterable[NetworkRecipe], path: Path) -> LockFile:
    """What is noted of a model's networks, which these recipes make; notes of other weights are thrown away.

    A note says what a file must be to be left alone, never that it is there, so notes of files that were removed or
    overwritten do no harm. But where the notes name a file that none of the recipes installs, the others were made
    together with it: from another network of the same file names (SAM's and CLIPSeg's `vision.onnx`), or as a profile
    that lists it.

    Args:
        recipes: all networks of the chosen profile that are noted rather than pinned.
        path: the model's notes, which need not be there.

    Raises:
        LockError: the notes cannot be read.
    """
    notes = LockFile(path)
    if notes.files <= _files_of(recipes):
        return notes
    path.unlink()
    return LockFile(path)


def _files_of(recipes: Iterable[NetworkRecipe]) -> frozenset[str]:
    return frozenset(file for recipe in recipes for file in recipe.installed_files)
