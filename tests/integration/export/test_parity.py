"""Every installed network is compared once more with the independent evaluation of its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from visgate_export.archive_cache import ArchiveCache, default_cache_folder
from visgate_export.catalogue import all_recipes
from visgate_export.lock_file import LockFile
from visgate_export.pipeline import Outcome, Pipeline, Stage, Status
from visgate_export.recipe import NetworkRecipe

ROOT = Path(__file__).parents[3]


class Silence:
    """An observer for a test run."""

    def enter(self, recipe: NetworkRecipe, stage: Stage) -> None:
        return

    def fetched(self, done: int, total: int) -> None:
        return

    def leave(self, outcome: Outcome) -> None:
        return


@pytest.mark.parametrize("recipe", all_recipes(), ids=lambda recipe: recipe.name)
def test_installed_network_equals_its_reference(recipe: NetworkRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where the cache of archives lies, unless $VISGATE_CACHE says otherwise
    cache = ArchiveCache(default_cache_folder())
    outcome = Pipeline(ROOT / "model_repository", cache, LockFile(), Silence()).verify(recipe)
    assert outcome.status is Status.VERIFIED, str(outcome.error)
    assert outcome.report is not None
    assert len(set(outcome.report.batch_sizes)) >= 2
