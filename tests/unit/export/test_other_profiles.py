"""The command on small networks under the real ones' names: what another profile left is removed, and nothing else."""

from __future__ import annotations

import itertools
import json
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result

from visgate_export import cli
from visgate_export.archive_cache import ArchiveCache
from visgate_export.catalogue import all_recipes
from visgate_export.diffusion.full_set import full_set
from visgate_export.diffusion.network_set import NetworkSet, Precision
from visgate_export.diffusion.set_recipes import recipes_of_set
from visgate_export.full_recipes import full_perception_recipes
from visgate_export.lock_file import LockFile
from visgate_export.other_profiles import files_of_any_profile, remove_other_profiles
from visgate_export.pipeline import Outcome, Status
from visgate_export.recipe import ExtraFile, Materials, NetworkRecipe
from visgate_export.sources import Member
from visgate_server.catalogue import MODELS

from .sample_recipes import multiplying_recipe, npm_source, write_tarball

PERCEPTION = (
    "Annotators",
    "blip-image-captioning-base",
    "blip-vqa-base",
    "clipseg-rd64-refined",
    "dpt-hybrid-midas",
    "grounding-dino-tiny",
    "sam-vit-base",
    "upernet-convnext-small",
)
DRAWING = (
    "instruct-pix2pix/unet",
    "stable-diffusion-inpainting/unet",
    *(f"sd-controlnet-{kind}" for kind in ("canny", "mlsd", "hed", "scribble", "openpose", "seg", "depth", "normal")),
)
ONLY_FULL = {
    "detect_pose/1/openpose.onnx",
    "object_finding/1/grounding.onnx",
    "segmentation/1/parts.json",
    "segmentation/1/sam_points.onnx",
    "segmentation/1/sam_vision.onnx",
}


def write_weights(folder: Path, names: Iterable[str]) -> Path:
    """A folder of weights in which the checkpoints are there, and empty."""
    for name in names:
        (folder / name).mkdir(parents=True)
    if (folder / "Annotators").is_dir():
        (folder / "Annotators" / "body_pose_model.pth").touch()
    folder.mkdir(exist_ok=True)
    return folder


def small(recipes: Iterable[NetworkRecipe], member: Member) -> tuple[NetworkRecipe, ...]:
    """Networks that multiply, each by a number of its own, installed under the same names."""
    return tuple(
        replace(
            recipe,
            members=(member,),
            build=replaced.build,
            check=replaced.check,
            keep_metadata=frozenset(),
            extra_files=tuple(extra_file(recipe.name, extra.file_name) for extra in recipe.extra_files),
        )
        for recipe in recipes
        for replaced in [multiplying_recipe(member, more=zlib.crc32(recipe.name.encode()) % 1000)]
    )


def extra_file(network: str, file_name: str) -> ExtraFile:
    return ExtraFile(file_name, lambda materials: f"{file_name} of {network}".encode())


@dataclass
class Bench:
    """A model repository with small networks, and what is around it."""

    folder: Path
    pocket: list[NetworkRecipe]

    @property
    def repository(self) -> Path:
        return self.folder / "model_repository"

    def export(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli.main, ["models", "--repository", str(self.repository), *arguments])

    def full(self, *left_out: str, only: str = "") -> Result:
        """The full profile from a folder that lacks some of the checkpoints."""
        weights = self.folder / "weights"
        shutil.rmtree(weights, ignore_errors=True)
        write_weights(weights, set(PERCEPTION + DRAWING) - set(left_out))
        arguments = ["--profile", "full", "--weights", str(weights), *(["--only", only] if only else [])]
        return self.export(*arguments)

    def files(self) -> set[str]:
        return {path.relative_to(self.repository).as_posix() for path in self.repository.rglob("*") if path.is_file()}

    def break_one(self) -> None:
        def crash(materials: Materials) -> onnx.ModelProto:
            raise RuntimeError("an operator is not supported")

        self.pocket[:] = [replace(recipe, build=crash) if recipe.name == "hed" else recipe for recipe in self.pocket]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """After `make models` with the pocket profile, with files of somebody's own beside the networks."""
    archive = write_tarball(tmp_path / "sample.tgz", {"factor.txt": b"2.5"})
    member = npm_source(archive).member("factor.txt")
    cache = ArchiveCache(tmp_path / "cache", lambda source, folder, progress: archive.rename(folder / archive.name))
    cache.materials([member], lambda done, total: None)
    pocket = list(small(all_recipes(), member))

    def set_recipes(networks: NetworkSet) -> tuple[NetworkRecipe, ...]:
        return small(recipes_of_set(networks), member)

    def perception_recipes(weights: Path | None) -> tuple[NetworkRecipe, ...]:
        return small(full_perception_recipes(weights), member)

    monkeypatch.setenv("VISGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cli, "all_recipes", lambda: tuple(pocket))
    monkeypatch.setattr(cli, "recipes_of_set", set_recipes)
    monkeypatch.setattr(cli, "full_perception_recipes", perception_recipes)
    monkeypatch.setattr(cli, "LockFile", lambda: LockFile(tmp_path / "lock.json"))
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path, pocket)
    pinned = CliRunner().invoke(cli.main, ["lock", "--repository", str(bench.repository)])
    assert pinned.exit_code == 0, pinned.output
    for model in MODELS:
        folder = bench.repository / model.spec.name
        (folder / "1").mkdir(parents=True, exist_ok=True)
        for name in ("config.pbtxt", "1/model.py", "1/mine.onnx", "1/openpose.onnx.bak", "1/notes.json"):
            (folder / name).touch()
    (bench.repository / "my_model" / "1").mkdir(parents=True)
    (bench.repository / "my_model" / "1" / "openpose.onnx").touch()
    return bench


def removed_by(result: Result) -> set[str]:
    lines = [line for line in result.output.splitlines() if line.startswith("of another profile, so removed: ")]
    return set(lines[0].partition(": ")[2].split(", ")) if lines else set()


def without_notes(files: set[str]) -> set[str]:
    return {file for file in files if not file.endswith("/.export.json")}


def test_going_full_and_back_leaves_what_was_there(bench: Bench) -> None:
    pocket = bench.files()
    full = bench.full()
    assert full.exit_code == 0, full.output
    assert removed_by(full) == {"object_finding/1/text_encoder.onnx"}  # CLIPSeg's alone
    assert without_notes(bench.files()) == (pocket | ONLY_FULL) - removed_by(full)
    back = bench.export()
    assert back.exit_code == 0, back.output
    assert removed_by(back) == ONLY_FULL
    assert without_notes(bench.files()) == pocket


def test_what_a_folder_of_weights_lacks_is_not_kept_of_the_pocket_profile(bench: Bench) -> None:
    pocket = bench.files()
    result = bench.full("sd-controlnet-mlsd", "stable-diffusion-inpainting/unet", "grounding-dino-tiny", "Annotators")
    assert result.exit_code == 0, result.output
    assert removed_by(result) == {"diffusion/1/control_lines.onnx", "diffusion/1/unet_inpaint.onnx"}
    beside = {file for file in ONLY_FULL if file.startswith("segmentation/")}
    assert without_notes(bench.files()) == (pocket | beside) - removed_by(result)


def test_a_profile_that_is_in_place_removes_nothing(bench: Bench) -> None:
    bench.full()
    before = bench.files()
    again = bench.full()
    assert again.exit_code == 0, again.output
    assert "installed" not in again.output
    assert "removed" not in again.output
    assert bench.files() == before
    bench.export()
    before = bench.files()
    assert "removed" not in bench.export().output
    assert bench.files() == before


def test_after_a_failure_nothing_is_removed(bench: Bench) -> None:
    bench.full()
    before = bench.files()
    bench.break_one()
    (bench.repository / "soft_edges" / "1" / "hed.onnx").unlink()
    result = bench.export()
    assert result.exit_code == 1
    assert "removed" not in result.output
    assert bench.files() == (before | {"object_finding/1/text_encoder.onnx"}) - {"soft_edges/1/hed.onnx"}


def test_a_failure_among_the_outcomes_keeps_all(tmp_path: Path) -> None:
    left = tmp_path / "detect_pose" / "1" / "openpose.onnx"
    left.parent.mkdir(parents=True)
    left.touch()
    outcomes = [Outcome(recipe, Status.IN_PLACE) for recipe in all_recipes()]
    failed = replace(outcomes[-1], status=Status.FAILED)
    assert remove_other_profiles(tmp_path, [*outcomes[:-1], failed]) == ()
    assert left.is_file()
    assert remove_other_profiles(tmp_path, outcomes) == ("detect_pose/1/openpose.onnx",)
    assert not left.exists()


def test_one_network_alone_removes_nothing(bench: Bench) -> None:
    bench.full()
    before = bench.files()
    result = bench.export("--only", "object_finding")
    assert result.exit_code == 0, result.output
    assert "removed" not in result.output
    assert bench.files() == before | {"object_finding/1/text_encoder.onnx"}


def test_a_file_that_cannot_be_removed_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.full()
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name == "parts.json":
            raise PermissionError("not yours")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    result = bench.export()
    assert result.exit_code == 1
    assert "segmentation/1/parts.json belongs to another profile and cannot be removed (not yours)" in result.output
    assert "Traceback" not in result.output


def multiplied_by(path: Path) -> float:
    (result,) = onnxruntime.InferenceSession(path).run(None, {"x": [[1.0, 1.0]]})
    return float(result[0, 0])


def test_with_fewer_weights_a_model_is_made_anew(bench: Bench) -> None:
    """What is noted of SAM's `vision.onnx` says nothing of CLIPSeg's."""
    folder = bench.repository / "object_finding" / "1"
    bench.full()
    sam = multiplied_by(folder / "vision.onnx")
    result = bench.full("grounding-dino-tiny")
    assert result.exit_code == 0, result.output
    assert removed_by(result) == {"object_finding/1/grounding.onnx"}
    assert multiplied_by(folder / "vision.onnx") != sam
    assert (folder / "finder.json").read_text() == "finder.json of clipseg_full_text"
    assert "object_finding/1/grounding.onnx" not in json.loads((folder / ".export.json").read_text())


def test_a_profile_that_lists_what_is_removed_is_made_anew(bench: Bench) -> None:
    bench.full()
    profile = bench.repository / "diffusion" / "1" / "profile.json"
    written = profile.stat().st_mtime_ns
    bench.full()
    assert profile.stat().st_mtime_ns == written
    assert removed_by(bench.full("sd-controlnet-seg")) == {"diffusion/1/control_segmentation.onnx"}
    assert profile.stat().st_mtime_ns > written


def full_recipes(weights: Path) -> tuple[NetworkRecipe, ...]:
    return (*recipes_of_set(full_set(weights, Precision.HALF)), *full_perception_recipes(weights))


@pytest.mark.parametrize("count", [0, 1, 2, 3, len(PERCEPTION)])
def test_whatever_weights_install_is_known_without_them(count: int, tmp_path: Path) -> None:
    known = files_of_any_profile()
    for number, chosen in enumerate(itertools.combinations(PERCEPTION, count)):
        recipes = full_recipes(write_weights(tmp_path / str(number), chosen))
        assert {file for recipe in recipes for file in recipe.installed_files} <= known


def test_every_profile_installs_what_the_server_asks_for(tmp_path: Path) -> None:
    asked = {f"{model.spec.name}/1/{name}" for model in MODELS for name in model.spec.networks}
    pocket = all_recipes()
    for number, names in enumerate([(), PERCEPTION, ("clipseg-rd64-refined",), PERCEPTION + DRAWING]):
        full = full_recipes(write_weights(tmp_path / str(number), names))
        replaced = {recipe.model for recipe in full}
        profile = (*(recipe for recipe in pocket if recipe.model not in replaced), *full)
        assert asked <= {file for recipe in profile for file in recipe.installed_files}
    assert asked <= {file for recipe in pocket for file in recipe.installed_files}
