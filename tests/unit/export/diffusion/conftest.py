"""Exports that several tests look at, made once: a UNet takes the exporter many seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from visgate_export import cli
from visgate_export.archive_cache import ArchiveCache
from visgate_export.diffusion.pocket_set import pocket_set
from visgate_export.diffusion.set_recipes import recipes_of_set
from visgate_export.lock_file import LockFile
from visgate_export.pipeline import Outcome, Pipeline, Stage
from visgate_export.recipe import NetworkRecipe

from .pocket_weights import DERIVED_CONTROL, write_pocket_weights
from .tiny_stable_diffusion import write_stable_diffusion


class Silent:
    """An observer that has nothing to show."""

    def enter(self, recipe: NetworkRecipe, stage: Stage) -> None: ...

    def fetched(self, done: int, total: int) -> None: ...

    def leave(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True)
class PocketExport:
    """Random pocket networks that went through the pipeline."""

    weights: Path
    pipeline: Pipeline
    recipes: tuple[NetworkRecipe, ...]
    outcomes: dict[str, Outcome]

    @property
    def folder(self) -> Path:
        """The version folder of the Triton model."""
        return self.pipeline.repository / "diffusion" / "1"


@pytest.fixture(scope="session")
def pocket(tmp_path_factory: pytest.TempPathFactory) -> PocketExport:
    base = tmp_path_factory.mktemp("pocket")
    weights = write_pocket_weights(base / "weights")
    networks = pocket_set(weights)
    controls, unets = {DERIVED_CONTROL: networks.controls[DERIVED_CONTROL]}, {"base": networks.unets["base"]}
    recipes = recipes_of_set(replace(networks, controls=controls, unets=unets))
    pipeline = Pipeline(base / "repository", ArchiveCache(base / "cache"), LockFile(base / "lock.json"), Silent())
    return PocketExport(weights, pipeline, recipes, {recipe.name: pipeline.pin(recipe) for recipe in recipes})


@dataclass(frozen=True)
class FullExport:
    """Tiny random networks in diffusers' folders, exported by the command."""

    weights: Path
    repository: Path
    output: str
    exit_code: int

    @property
    def folder(self) -> Path:
        """The version folder of the Triton model."""
        return self.repository / "diffusion" / "1"


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> FullExport:
    base = tmp_path_factory.mktemp("full")
    weights = write_stable_diffusion(base / "weights")
    arguments = ["models", "--profile", "full", "--weights", str(weights), "--precision", "fp32"]
    arguments += ["--only", "diffusion", "--repository", str(base / "repository"), "--traceback"]
    result = CliRunner().invoke(cli.main, arguments)
    return FullExport(weights, base / "repository", result.output, result.exit_code)
