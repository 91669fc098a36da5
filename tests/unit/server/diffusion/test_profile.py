"""A model folder is read whole or refused with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from diffusion_profiles import profile

from visgate_server.diffusion.diffusion_networks import open_networks
from visgate_server.diffusion.engine import open_engine
from visgate_server.diffusion.profile import Residual, read_profile
from visgate_server.errors import NetworkError


def test_a_profile_is_read_as_it_was_written(folder: Path) -> None:
    assert read_profile(folder) == profile()


def test_what_a_newer_export_adds_is_passed_over(tmp_path: Path, folder: Path) -> None:
    entries = json.loads((folder / "profile.json").read_text())
    (tmp_path / "profile.json").write_text(json.dumps({**entries, "trained_on": "emoji"}))
    assert read_profile(tmp_path) == profile()


@pytest.mark.parametrize("missing", ["latent_rgb", "unets", "beta_start", "scaling_factor"])
def test_a_profile_that_lacks_something_is_refused(tmp_path: Path, folder: Path, missing: str) -> None:
    entries = json.loads((folder / "profile.json").read_text())
    del entries[missing]
    (tmp_path / "profile.json").write_text(json.dumps(entries))
    with pytest.raises(NetworkError, match=f"{missing}.*make models"):
        read_profile(tmp_path)


def test_a_folder_without_a_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"there is no .*profile\.json"):
        open_engine(tmp_path)


def test_residuals_are_rounded_up() -> None:
    assert Residual("mid", 7, 4).shape(3, 8, 9) == (3, 7, 2, 3)


@pytest.mark.parametrize(("file", "impostor"), [("unet.onnx", "unet_edit.onnx"), ("control_edges.onnx", "unet.onnx")])
def test_a_network_that_is_not_the_profiles_is_refused(tmp_path: Path, folder: Path, file: str, impostor: str) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.copy(folder / impostor, tmp_path / file)
    with pytest.raises(NetworkError, match=f"{file} takes"):
        open_networks(tmp_path, profile())
