"""A settings file that is missing or wrong is told by name, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from visgate_server.errors import NetworkError
from visgate_server.settings_files import read_settings_file


def test_the_entries_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "sides.json").write_text('{"height": 3, "width": 4}')
    assert read_settings_file(tmp_path / "sides.json", lambda entries: entries["height"] * entries["width"]) == 12


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"there is no .*sides\.json: run `make models`"):
        read_settings_file(tmp_path / "sides.json", lambda entries: entries)


@pytest.mark.parametrize("text", ["", "[3, 4]", '{"height": 3}', '{"height": 3, "width": "four"}'])
def test_a_wrong_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "sides.json").write_text(text)
    with pytest.raises(NetworkError, match=r"sides\.json cannot be read \(\w+: .*\): run `make models`"):
        read_settings_file(tmp_path / "sides.json", lambda entries: entries["height"] + int(entries["width"]))
