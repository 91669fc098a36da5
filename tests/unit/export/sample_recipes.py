"""Tiny real recipes for the export's tests: a network that multiplies, from a real archive in a folder."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from visgate_export.archive_cache import ArchiveCache, sha256_of
from visgate_export.errors import PackageNotFoundError
from visgate_export.parity import Inputs, Outputs, compare
from visgate_export.pipeline import Outcome, Stage
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe, ParityReport
from visgate_export.registries import Progress
from visgate_export.sources import Member, NpmSource, Source


def write_tarball(path: Path, files: Mapping[str, bytes]) -> Path:
    """An npm tarball with these files inside `package/`."""
    with tarfile.open(path, "w:gz") as tarball:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))
    return path


def npm_source(archive: Path, package: str = "sample") -> NpmSource:
    return NpmSource(package, "1.0.0", sha256_of(archive), archive.stat().st_size)


@dataclass
class FolderRegistry:
    """Stands where npm's registry does: hands out archives of a folder, and counts how often."""

    folder: Path
    downloads: list[str] = field(default_factory=list)

    def __call__(self, source: Source, folder: Path, progress: Progress) -> Path:
        self.downloads.append(source.package)
        archive = self.folder / f"{source.package}.tgz"
        if not archive.is_file():
            raise PackageNotFoundError(f"{source} is not here")
        progress(source.size, source.size)
        return Path(shutil.copy(archive, folder))


class RecordedStages:
    """An observer that remembers what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, Stage]] = []
        self.outcomes: list[Outcome] = []

    def enter(self, recipe: NetworkRecipe, stage: Stage) -> None:
        self.stages.append((recipe.name, stage))

    def fetched(self, done: int, total: int) -> None:
        assert 0 <= done <= total

    def leave(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def multiplying_model(factor: float) -> onnx.ModelProto:
    """`y = factor * x`, float32 [N,2]."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"], name="multiply")],
        "multiply",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(np.array(factor, np.float32), "factor")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def multiplying_recipe(
    member: Member, name: str = "multiply", built_factor: float | None = None, more: float = 0.0
) -> NetworkRecipe:
    """A recipe whose weights file holds the factor as text.

    Args:
        member: the weights file.
        name: the network's and, with `_model` behind it, the Triton model's name.
        built_factor: what the network multiplies by, if it is to differ from its weights.
        more: is added to what the file holds.
    """

    def factor(materials: Materials) -> float:
        return float(materials.path(member).read_text()) + more

    def build(materials: Materials) -> onnx.ModelProto:
        return multiplying_model(factor(materials) if built_factor is None else built_factor)

    def check(network: Path, materials: Materials) -> ParityReport:
        def reference(inputs: Inputs) -> Outputs:
            return {"y": inputs["x"] * np.float32(factor(materials))}

        batches = [{"x": np.arange(2 * rows, dtype=np.float32).reshape(rows, 2)} for rows in (1, 3)]
        return compare(network, reference, "NumPy", batches, {"y": 1e-6})

    return NetworkRecipe(
        name=name,
        model=f"{name}_model",
        file_name=f"{name}.onnx",
        title="multiplies",
        licence="CC0-1.0",
        members=(member,),
        build=build,
        check=check,
        extra_files=(ExtraFile("labels.txt", lambda materials: b"factor " + materials.path(member).read_bytes()),),
    )


def cache_with(folder: Path, archives: Path) -> tuple[ArchiveCache, FolderRegistry]:
    registry = FolderRegistry(archives)
    return ArchiveCache(folder, registry), registry
