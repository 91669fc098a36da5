"""Networks are fetched, built, checked and installed as they are pinned, each whatever becomes of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import onnxruntime
import pytest

from visgate_export.errors import (
    ConversionError,
    LockError,
    LockMismatchError,
    NotInstalledError,
    PackageNotFoundError,
    ParityError,
)
from visgate_export.lock_file import LockFile
from visgate_export.pipeline import Pipeline, Stage, Status
from visgate_export.recipe import Materials, NetworkRecipe

from .sample_recipes import (
    FolderRegistry,
    RecordedStages,
    cache_with,
    multiplying_recipe,
    npm_source,
    write_tarball,
)


@dataclass
class Bench:
    """A pipeline on empty folders, and what is around it."""

    folder: Path
    stages: RecordedStages
    registry: FolderRegistry
    recipe: NetworkRecipe

    def pipeline(self) -> Pipeline:
        """As a new run of the command would make it."""
        cache, self.registry = cache_with(self.folder / "cache", self.folder / "archives")
        self.stages = RecordedStages()
        return Pipeline(self.repository, cache, LockFile(self.folder / "lock.json"), self.stages)

    @property
    def repository(self) -> Path:
        return self.folder / "model_repository"

    @property
    def network(self) -> Path:
        return self.repository / self.recipe.installed_files[0]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    archives = tmp_path / "archives"
    archives.mkdir()
    archive = write_tarball(archives / "sample.tgz", {"factor.txt": b"2.5"})
    recipe = multiplying_recipe(npm_source(archive).member("factor.txt"))
    return Bench(tmp_path, RecordedStages(), FolderRegistry(archives), recipe)


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pinning_installs_a_network_that_runs(bench: Bench) -> None:
    outcome = bench.pipeline().pin(bench.recipe)
    assert outcome.status is Status.INSTALLED
    assert outcome.report is not None
    assert outcome.report.batch_sizes == (1, 3)
    assert files_below(bench.repository) == {"multiply_model/1/multiply.onnx", "multiply_model/1/labels.txt"}
    (result,) = onnxruntime.InferenceSession(bench.network).run(None, {"x": [[2.0, 4.0]]})
    assert result.tolist() == [[5.0, 10.0]]
    assert (bench.network.parent / "labels.txt").read_bytes() == b"factor 2.5"
    assert [stage for _, stage in bench.stages.stages] == [Stage.FETCH, Stage.BUILD, Stage.CHECK, Stage.INSTALL]


def test_a_second_run_does_nothing(bench: Bench) -> None:
    bench.pipeline().pin(bench.recipe)
    written = bench.network.stat().st_mtime_ns
    outcome = bench.pipeline().export(bench.recipe)
    assert outcome.status is Status.IN_PLACE
    assert bench.stages.stages == []
    assert bench.registry.downloads == []
    assert bench.network.stat().st_mtime_ns == written


def test_force_builds_anew_and_gives_the_same_bytes(bench: Bench) -> None:
    bench.pipeline().pin(bench.recipe)
    before = bench.network.read_bytes()
    outcome = bench.pipeline().export(bench.recipe, force=True)
    assert outcome.status is Status.INSTALLED
    assert bench.network.read_bytes() == before


@pytest.mark.parametrize("file", ["multiply.onnx", "labels.txt"])
def test_a_damaged_or_missing_file_is_made_anew(bench: Bench, file: str) -> None:
    bench.pipeline().pin(bench.recipe)
    damaged = bench.network.parent / file
    right = damaged.read_bytes()
    damaged.write_bytes(right + b"x")
    assert bench.pipeline().export(bench.recipe).status is Status.INSTALLED
    assert damaged.read_bytes() == right
    damaged.unlink()
    assert bench.pipeline().export(bench.recipe).status is Status.INSTALLED
    assert damaged.read_bytes() == right


def test_a_network_that_is_not_the_pinned_one_is_not_installed(bench: Bench) -> None:
    bench.pipeline().pin(bench.recipe)
    before = bench.network.read_bytes()
    archive = write_tarball(bench.folder / "archives" / "other.tgz", {"factor.txt": b"3.5"})
    other = multiplying_recipe(npm_source(archive, "other").member("factor.txt"))
    outcome = bench.pipeline().export(other, force=True)
    assert isinstance(outcome.error, LockMismatchError)
    assert "visgate-export lock" in str(outcome.error)
    assert bench.network.read_bytes() == before
    assert bench.pipeline().pin(other).status is Status.INSTALLED
    assert bench.pipeline().export(other).status is Status.IN_PLACE


def test_a_network_that_nobody_pinned_is_not_installed(bench: Bench) -> None:
    outcome = bench.pipeline().export(bench.recipe)
    assert isinstance(outcome.error, LockError)
    assert not isinstance(outcome.error, LockMismatchError)
    assert files_below(bench.repository) == set()


@pytest.mark.parametrize("factor", [2.6, float("nan")])
def test_a_network_that_differs_from_its_weights_is_not_even_pinned(bench: Bench, factor: float) -> None:
    wrong = multiplying_recipe(bench.recipe.members[0], built_factor=factor)
    outcome = bench.pipeline().pin(wrong)
    assert isinstance(outcome.error, ParityError)
    assert "y differs by" in str(outcome.error)
    assert files_below(bench.repository) == set()
    assert not (bench.folder / "lock.json").exists()


def test_one_failure_does_not_stop_the_others(bench: Bench) -> None:
    def crash(materials: Materials) -> None:
        raise RuntimeError("an operator is not supported")

    gone = multiplying_recipe(npm_source(bench.folder / "archives" / "sample.tgz", "gone").member("factor.txt"), "gone")
    crashing = replace(multiplying_recipe(bench.recipe.members[0], "crashing"), build=crash)
    pipeline = bench.pipeline()
    outcomes = [pipeline.pin(recipe) for recipe in (gone, crashing, bench.recipe)]
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.FAILED, Status.INSTALLED]
    assert isinstance(outcomes[0].error, PackageNotFoundError)
    assert isinstance(outcomes[1].error, ConversionError)
    assert "RuntimeError: an operator is not supported" in str(outcomes[1].error)
    assert bench.stages.outcomes == outcomes
    assert files_below(bench.repository) == {"multiply_model/1/multiply.onnx", "multiply_model/1/labels.txt"}


def test_verify_checks_what_is_installed(bench: Bench) -> None:
    bench.pipeline().pin(bench.recipe)
    outcome = bench.pipeline().verify(bench.recipe)
    assert outcome.status is Status.VERIFIED
    assert outcome.report is not None
    assert outcome.report.passed


def test_verify_wants_the_file_and_its_pin(bench: Bench) -> None:
    bench.pipeline().pin(bench.recipe)
    content = bench.network.read_bytes()
    bench.network.write_bytes(content.replace(b"multiply", b"multiplx"))
    assert isinstance(bench.pipeline().verify(bench.recipe).error, LockMismatchError)
    bench.network.unlink()
    error = bench.pipeline().verify(bench.recipe).error
    assert isinstance(error, NotInstalledError)
    assert "make models" in str(error)


def test_a_broken_lock_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_text('{"a": 1}')
    with pytest.raises(LockError, match=r"lock\.json is not a lock file"):
        LockFile(path)
