"""The demo, as `make demo` runs it once the server is up: a real conversation and the page that shows it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from visgate_agent.picture_names import PictureName
from visgate_server.embedded import RunningServer


@pytest.fixture(scope="module")
def demo(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the demo left, and what it printed."""
    output = tmp_path_factory.mktemp("demo") / "demo_output"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    ended = subprocess.run(
        [sys.executable, "-m", "visgate_agent.demo", "--server", server.address, "--output", str(output)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return output, ended.stdout


def steps_in(folder: Path) -> list[dict[str, Any]]:
    transcript = json.loads((folder / "transcript.json").read_text())
    return [step for turn in transcript["turns"] for step in turn["steps"]]


def first(steps: list[dict[str, Any]], tool: str) -> dict[str, Any]:
    return next(step for step in steps if step["tool"] == tool)


def test_every_step_succeeds_and_tells_its_times(demo: tuple[Path, str]) -> None:
    steps = steps_in(demo[0])
    assert len(steps) >= 6
    assert [step["error"] for step in steps] == [None] * len(steps)
    assert all(step["total_ms"] > 0 for step in steps)
    assert all(step["cached"] or step["compute_ms"] > 0 for step in steps)


def test_later_steps_use_what_earlier_ones_made(demo: tuple[Path, str]) -> None:
    steps = steps_in(demo[0])
    cut_out, edges, enlarged = (first(steps, name) for name in ("remove_background", "detect_edges", "upscale_image"))
    assert edges["arguments"]["image"] == cut_out["images"][0]
    assert enlarged["arguments"]["image"] == edges["images"][0]
    names = [PictureName.parse(step["images"][0]) for step in (cut_out, edges, enlarged)]
    assert [name.previous for name in names[1:]] == [name.identity for name in names[:-1]]
    assert len({name.original for name in names}) == 1


def test_the_pictures_are_there_and_show_what_they_should(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    steps = steps_in(folder)
    assert "person" in first(steps, "describe_image")["text"]
    assert "person" in first(steps, "detect_objects")["text"]
    assert len(first(steps, "detect_faces")["data"]["faces"]) == 1
    assert len(first(steps, "read_text")["text"].split()) > 10
    edges = Image.open(folder / first(steps, "detect_edges")["images"][0])
    enlarged = Image.open(folder / first(steps, "upscale_image")["images"][0])
    assert enlarged.size == (4 * edges.width, 4 * edges.height)
    assert np.count_nonzero(np.asarray(edges)) > 500
    named = {name for step in steps for name in step["images"]}
    assert all((folder / name).is_file() for name in named)


def test_it_draws_what_was_asked_for_and_then_along_the_edges_of_that(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    steps = steps_in(folder)
    drawn, led = first(steps, "generate_image"), first(steps, "image_from_edges")
    edges = next(step for step in steps if step["arguments"].get("image") == drawn["images"][0])
    assert drawn["arguments"]["prompt"] == "a cat left of an apple on a blue background"
    assert edges["tool"] == "detect_edges"
    assert led["arguments"]["image"] == edges["images"][0]
    # The background's colour in the lower corners, far from both objects.
    blue, red = (np.asarray(Image.open(folder / step["images"][0]).convert("RGB")) for step in (drawn, led))
    assert blue.shape == red.shape == (256, 256, 3)
    assert blue[-8:, :8].mean((0, 1))[2] > 1.3 * blue[-8:, :8].mean((0, 1))[0]
    assert red[-8:, :8].mean((0, 1))[0] > 1.3 * red[-8:, :8].mean((0, 1))[2]


def test_the_drawing_is_described_changed_and_asked_about(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    steps = steps_in(folder)
    led, captioned, replaced, segmented, answered = (
        first(steps, tool)
        for tool in ("image_from_edges", "caption_image", "replace_object", "segment_image", "answer_question")
    )
    assert captioned["arguments"]["image"] == replaced["arguments"]["image"] == led["images"][0]
    assert "cat" in captioned["text"]
    assert "apple" in captioned["text"]
    assert replaced["data"]["found"]
    assert replaced["data"]["seed"] == 7
    assert segmented["arguments"]["image"] == answered["arguments"]["image"] == replaced["images"][0]
    assert {label["label"] for label in segmented["data"]["labels"]} == {"cat", "banana"}
    assert "cat" in answered["text"].lower()
    red = np.asarray(Image.open(folder / replaced["images"][0]).convert("RGB"))[-8:, :8].mean((0, 1))
    assert red[0] > 1.3 * red[1], "the corner far from the apple stays as it was"


def test_the_page_is_whole_and_asks_for_nothing(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    page = (folder / "index.html").read_text()
    steps = steps_in(folder)
    assert all(step["tool"] in page for step in steps)
    assert page.count("<figure>") == 2 + sum(len(step["images"]) for step in steps)
    assert set(re.findall(r'src="([a-z]+):', page)) == {"data"}
    assert all((folder / link).is_file() for link in re.findall(r'href="([^"]+)"', page))
    assert "public domain" in page
    assert str((folder / "index.html").resolve()) in printed.replace("\n", "")


def test_it_says_that_the_planner_is_no_language_model(demo: tuple[Path, str]) -> None:
    assert "no language model" in " ".join(demo[1].split())


def test_without_a_server_it_fails_with_one_line(unused_port: int, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "visgate_agent.demo", "--server", f"127.0.0.1:{unused_port}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(unused_port) in ended.stderr
