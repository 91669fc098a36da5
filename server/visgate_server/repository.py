"""Keeps `model_repository/` equal to the specs: writes each model's configs and `model.py`, or says what differs.

Run as `python -m visgate_server.repository [--check] [DIR]`. It knows nothing about weights: the export puts those in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from visgate_server.catalogue import MODELS, ServedModel
from visgate_server.model_config import config_text
from visgate_server.profiles import Profile


@dataclass(frozen=True)
class RepositoryFile:
    """A file of the repository that the specs determine."""

    path: Path
    text: str


def repository_files(folder: Path) -> Iterator[RepositoryFile]:
    """Every file that the specs determine, under the repository `folder`."""
    for model in MODELS:
        place = folder / model.spec.name
        pocket = config_text(model.spec)
        for profile in Profile:
            text = config_text(model.spec, profile)
            # Triton takes `config.pbtxt` where a profile has none of its own.
            if profile is Profile.POCKET or text != pocket:
                yield RepositoryFile(place / profile.config_file, text)
        yield RepositoryFile(place / "1" / "model.py", _model_py(model))


def _model_py(model: type[ServedModel]) -> str:
    package, _, module = model.__module__.rpartition(".")
    backend, serve = ("stream_backend", "serve_stream") if model.spec.streams else ("python_backend", "serve")
    return (
        f"from {package} import {module}; from visgate_server.{backend} import {serve}\n"
        f"TritonPythonModel = {serve}({module}.{model.__name__})\n"
    )


def differences(folder: Path) -> list[Path]:
    """The files under `folder` that are missing, differ from what the specs generate, or should not be there."""
    changed = [
        file.path
        for file in repository_files(folder)
        if not file.path.is_file() or file.path.read_text(encoding="utf-8") != file.text
    ]
    return changed + _stale_configs(folder)


def _stale_configs(folder: Path) -> list[Path]:
    """Configurations of a profile for models that have none of their own in it: Triton would prefer them."""
    generated = {file.path for file in repository_files(folder)}
    configs = (folder / model.spec.name / profile.config_file for model in MODELS for profile in Profile)
    return [path for path in configs if path not in generated and path.is_file()]


def write(folder: Path) -> list[Path]:
    """Writes what differs, removes what should not be there, and returns which files that were."""
    changed = differences(folder)
    for path in _stale_configs(folder):
        path.unlink()
    for file in repository_files(folder):
        if file.path in changed:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_text(file.text, encoding="utf-8")
    return changed


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if a file differs.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("model_repository"))
def main(check: bool, folder: Path) -> None:
    """Writes every model's config.pbtxt, configs/full.pbtxt and model.py from its spec."""
    changed = differences(folder) if check else write(folder)
    for path in changed:
        click.echo(f"{'differs' if check else 'written' if path.is_file() else 'removed'}: {path}")
    if check and changed:
        raise click.ClickException("the repository differs from the specs: run `make configs`")


if __name__ == "__main__":
    main()
