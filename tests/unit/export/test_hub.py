"""The hub's own client fetches what is needed, and its failures say what to do; here it has only its cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from visgate_export.errors import DownloadError
from visgate_export.hub import fetch_from_hub
from visgate_export.sources import HubSource
try:
    print(fetch_from_hub(HubSource(sys.argv[1]), sys.argv[2]))
except DownloadError as error:
    print("refused:", error)
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def fetch(cache: Path, repository: str, path: str) -> str:
    # The client reads its settings when it is imported, hence a process.
    environment = {**os.environ, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, repository, path], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_folders_are_found_in_the_clients_cache(tmp_path: Path) -> None:
    repository = tmp_path / "models--somebody--some-model"
    snapshot = repository / "snapshots" / COMMIT
    (snapshot / "unet").mkdir(parents=True)
    (snapshot / "unet" / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    assert Path(fetch(tmp_path, "somebody/some-model", "unet")) == snapshot / "unet"
    assert Path(fetch(tmp_path, "somebody/some-model", ".")) == snapshot


def test_a_hub_out_of_reach_is_told(tmp_path: Path) -> None:
    said = fetch(tmp_path, "somebody/another-model", "unet")
    assert said.startswith("refused: Hugging Face somebody/another-model could not be fetched")
    assert "name a folder that holds the weights with --weights" in said
