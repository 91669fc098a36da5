"""Takes a recipe through its stages (fetch, build, check, install); shows nothing and knows no network by name."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from visgate_export.archive_cache import ArchiveCache, sha256_of
from visgate_export.errors import ConversionError, ExportError, LockError, NotInstalledError
from visgate_export.lock_file import LockFile, Pin
from visgate_export.recipe import Materials, NetworkRecipe, ParityReport


class Stage(Enum):
    """What is being done to a network."""

    FETCH = "fetch"
    BUILD = "build"
    CHECK = "check"
    INSTALL = "install"


class Status(Enum):
    """How it ended for a network."""

    IN_PLACE = "in place"
    INSTALLED = "installed"
    VERIFIED = "verified"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What came of one network."""

    recipe: NetworkRecipe
    status: Status
    pin: Pin | None = None
    """The network file, where there is one."""
    report: ParityReport | None = None
    """Where the network was compared in this run."""
    error: ExportError | None = None
    seconds: float = 0.0


class Observer(Protocol):
    """Is told how far the work is."""

    def enter(self, recipe: NetworkRecipe, stage: Stage) -> None:
        """A stage begins."""

    def fetched(self, done: int, total: int) -> None:
        """So many bytes of so many of the archive at hand are there."""

    def leave(self, outcome: Outcome) -> None:
        """A network is done with, well or not."""


@dataclass(frozen=True)
class Pipeline:
    """Exports networks into a model repository."""

    repository: Path
    cache: ArchiveCache
    lock: LockFile
    observer: Observer

    def export(self, recipe: NetworkRecipe, *, force: bool = False) -> Outcome:
        """Installs a network as it is pinned; does nothing where it is in place, unless `force` builds it anew."""
        return self._observed(recipe, lambda: self._export(recipe, force))

    def pin(self, recipe: NetworkRecipe) -> Outcome:
        """Builds and checks a network, pins whatever came out, and installs it."""
        return self._observed(recipe, lambda: self._install(recipe, self.lock.update))

    def export_unpinned(self, recipe: NetworkRecipe, *, force: bool = False) -> Outcome:
        """As `export`, for weights that this project does not choose: whatever they make is noted in the lock file.

        What is in place by those notes is left alone, even if the weights were changed since, unless `force` is given.
        """
        if not force and is_in_place(recipe, self.repository, self.lock):
            return self.export(recipe)
        return self.pin(recipe)

    def verify(self, recipe: NetworkRecipe) -> Outcome:
        """Checks an installed network again: its hash, and its parity with the reference."""
        return self._observed(recipe, lambda: self._verify(recipe))

    def _observed(self, recipe: NetworkRecipe, work: Callable[[], Outcome]) -> Outcome:
        start = time.monotonic()
        try:
            result = work()
        except ExportError as error:
            result = Outcome(recipe, Status.FAILED, error=error)
        except Exception as error:  # noqa: BLE001 - torch and onnx raise anything, and the next network must go on
            wrapped = ConversionError(f"{type(error).__name__}: {error}")
            wrapped.__cause__ = error
            result = Outcome(recipe, Status.FAILED, error=wrapped)
        outcome = replace(result, seconds=time.monotonic() - start)
        self.observer.leave(outcome)
        return outcome

    def _export(self, recipe: NetworkRecipe, force: bool) -> Outcome:
        if not force and is_in_place(recipe, self.repository, self.lock):
            return Outcome(recipe, Status.IN_PLACE, self.lock.pin(recipe.installed_files[0]))

        def require(pins: dict[str, Pin]) -> None:
            for file, pin in pins.items():
                self.lock.require(file, pin)

        return self._install(recipe, require)

    def _install(self, recipe: NetworkRecipe, accept: Callable[[dict[str, Pin]], None]) -> Outcome:
        materials = self._fetch(recipe)
        self.observer.enter(recipe, Stage.BUILD)
        folder = self.repository / recipe.model / "1"
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that moving into place is a rename within one file system.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as scratch:
            built = _build(recipe, materials, Path(scratch))
            self.observer.enter(recipe, Stage.CHECK)
            report = recipe.check(built[recipe.installed_files[0]], materials)
            report.require()
            pins = {file: _pin_of(path) for file, path in built.items()}
            accept(pins)
            self.observer.enter(recipe, Stage.INSTALL)
            for file, path in built.items():
                path.replace(self.repository / file)
        return Outcome(recipe, Status.INSTALLED, pins[recipe.installed_files[0]], report)

    def _verify(self, recipe: NetworkRecipe) -> Outcome:
        for file in recipe.installed_files:
            path = self.repository / file
            if not path.is_file():
                raise NotInstalledError(f"{path} is missing: run `make models`")
            self.lock.require(file, _pin_of(path))
        materials = self._fetch(recipe)
        self.observer.enter(recipe, Stage.CHECK)
        network = recipe.installed_files[0]
        report = recipe.check(self.repository / network, materials)
        report.require()
        return Outcome(recipe, Status.VERIFIED, self.lock.pin(network), report)

    def _fetch(self, recipe: NetworkRecipe) -> Materials:
        self.observer.enter(recipe, Stage.FETCH)
        return self.cache.materials(recipe.members, self.observer.fetched)


def is_in_place(recipe: NetworkRecipe, repository: Path, lock: LockFile) -> bool:
    """Whether every file of a network lies in the model repository as it is pinned."""
    for file in recipe.installed_files:
        path = repository / file
        if not path.is_file():
            return False
        try:
            lock.require(file, _pin_of(path))
        except LockError:
            return False
    return True


def _build(recipe: NetworkRecipe, materials: Materials, folder: Path) -> dict[str, Path]:
    """Writes the network and its extra files into `folder`; their paths by installed file, network first."""
    from visgate_export.canonical_form import canonical_bytes

    network = canonical_bytes(recipe.build(materials), recipe.keep_metadata)
    contents = [network, *(extra.build(materials) for extra in recipe.extra_files)]
    built = {}
    for file, content in zip(recipe.installed_files, contents, strict=True):
        path = folder / Path(file).name
        path.write_bytes(content)
        built[file] = path
    return built


def _pin_of(path: Path) -> Pin:
    return Pin(sha256_of(path), path.stat().st_size)
