"""The demo's own judgement, and what it clears away; tests/end_to_end runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from visgate_agent.demo import check, remove_earlier_demo
from visgate_agent.demo_script import MESSAGES, PHOTOS, write_photo
from visgate_agent.errors import DemoError
from visgate_agent.transcript import Step, Transcript, Turn


def transcript(*steps: Step) -> Transcript:
    return Transcript("scripted", "here", "now", [Turn("Go", steps=list(steps))])


def step(tool: str, error: str | None = None) -> Step:
    return Step("", tool, {}, error=error)


def test_six_steps_that_succeed_are_a_demo() -> None:
    check(transcript(*[step("t")] * 6))


def test_five_are_not() -> None:
    with pytest.raises(DemoError, match="only 5 tool calls"):
        check(transcript(*[step("t")] * 5))


def test_a_step_that_failed_is_named() -> None:
    with pytest.raises(DemoError, match="upscale_image failed: out of memory"):
        check(transcript(*[step("t")] * 6, step("upscale_image", "out of memory")))


def test_only_an_earlier_demo_is_cleared_away(tmp_path: Path) -> None:
    ours = ["03fa_photo.png", "4b7d_detect-edges_03fa_03fa.png", "index.html", "transcript.json"]
    theirs = ["holiday.png", "notes.txt", "03fa_photo.jpg"]
    for name in (*ours, *theirs):
        (tmp_path / name).write_text("")
    (tmp_path / "beef_folder.png").mkdir()
    remove_earlier_demo(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, "beef_folder.png"}


def test_there_may_be_no_earlier_demo(tmp_path: Path) -> None:
    remove_earlier_demo(tmp_path / "not there yet")


def test_its_photos_are_real_and_credited(tmp_path: Path) -> None:
    assert len(MESSAGES) >= 3
    for photo in PHOTOS:
        with Image.open(write_photo(photo, tmp_path)) as picture:
            assert min(picture.size) > 100
        assert "public domain" in photo.credit or "BSD" in photo.credit
