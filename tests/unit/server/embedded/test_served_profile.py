"""Which profile is served is what the networks in the repository say, unless somebody who starts it says otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from visgate_server.embedded import EmbeddedServer
from visgate_server.embedded.served_profile import profile_in
from visgate_server.profiles import Profile


def write_profile(repository: Path, text: str, version: str = "1") -> None:
    folder = repository / "diffusion" / version
    folder.mkdir(parents=True)
    (folder / "profile.json").write_text(text)


@pytest.mark.parametrize("profile", Profile)
def test_the_drawing_networks_say_it(tmp_path: Path, profile: Profile) -> None:
    write_profile(tmp_path, json.dumps({"name": profile.value, "side": 64}))
    assert profile_in(tmp_path) is profile


def test_the_version_that_is_served_says_it(tmp_path: Path) -> None:
    write_profile(tmp_path, '{"name": "pocket"}', "2")
    write_profile(tmp_path, '{"name": "full"}', "10")
    assert profile_in(tmp_path) is Profile.FULL


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "grand"}', '{"name": null}', '"full"', "\N{NULL}"])
def test_settings_that_name_no_profile_promise_nothing(tmp_path: Path, text: str) -> None:
    write_profile(tmp_path, text)
    assert profile_in(tmp_path) is Profile.POCKET


def test_without_networks_that_draw_nothing_is_promised(tmp_path: Path) -> None:
    assert profile_in(tmp_path / "nowhere") is Profile.POCKET
    (tmp_path / "diffusion" / "1").mkdir(parents=True)
    assert profile_in(tmp_path) is Profile.POCKET


def test_who_starts_it_has_the_last_word(tmp_path: Path) -> None:
    write_profile(tmp_path, '{"name": "full"}')
    assert EmbeddedServer(tmp_path).served_profile is Profile.FULL
    assert EmbeddedServer(tmp_path, profile=Profile.POCKET).served_profile is Profile.POCKET
