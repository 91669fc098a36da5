"""The `visgate` command as a program of its own, against a real Triton."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from scripted_openai import Refusal, ScriptedOpenAI, Stream, text, whole_call

from visgate_agent.picture_names import PictureName
from visgate_server.embedded import RunningServer

TOOLS = {
    "detect_edges",
    "detect_soft_edges",
    "detect_sketch",
    "detect_lines",
    "detect_pose",
    "detect_objects",
    "detect_faces",
    "segment_person",
    "remove_background",
    "read_text",
    "classify_image",
    "upscale_image",
    "describe_image",
    "caption_image",
    "answer_question",
    "generate_image",
    "edit_image",
    "segment_image",
    "estimate_depth",
    "estimate_normals",
    "image_from_edges",
    "image_from_lines",
    "image_from_soft_edges",
    "image_from_sketch",
    "image_from_pose",
    "image_from_segmentation",
    "image_from_depth",
    "image_from_normals",
    "find_object",
    "segment_object",
    "remove_object",
    "replace_object",
    "extend_image",
    "inpaint_image",
    "redraw_image",
}


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


class Command:
    """Runs `visgate` in a folder, against the server, with no key but one that a test gives."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._folder = folder

    async def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "visgate_agent", *arguments),
            cwd=self._folder,
            env={**kept, "VISGATE_SERVER": self._server, **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), timeout=120)
        return Ended(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def visgate(server: RunningServer, tmp_path: Path) -> Command:
    return Command(server.address, tmp_path)


@pytest.fixture
def astronaut(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.png"
    Image.fromarray(skimage.data.astronaut()).save(path)
    return path


def steps_in(folder: Path) -> list[dict[str, Any]]:
    transcript = json.loads((folder / "transcript.json").read_text())
    return [step for turn in transcript["turns"] for step in turn["steps"]]


async def test_the_tools_come_from_the_server(visgate: Command) -> None:
    ended = await visgate("tools", "--json")
    assert (ended.status, ended.err) == (0, "")
    assert {tool["name"] for tool in json.loads(ended.out)} >= TOOLS


async def test_a_call_keeps_the_picture_that_opencv_would_make(
    visgate: Command, astronaut: Path, tmp_path: Path
) -> None:
    ended = await visgate("call", "detect_edges", "--image", str(astronaut), "--argument", "low_threshold=50", "--json")
    assert ended.status == 0, ended.err
    (file,) = json.loads(ended.out)["images"].values()
    expected = cv2.Canny(skimage.data.astronaut(), 50, 200)
    assert np.array_equal(np.asarray(Image.open(tmp_path / file)), expected)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("call", "detect_edges"), "image"),
        (("call", "detect_egdes", "--image", "PHOTO"), "detect_egdes"),
        (("call", "detect_edges", "--image", "PHOTO", "--argument", "low_threshold=9999"), "1000"),
        (("call", "detect_edges", "--image", "EMPTY"), "empty"),
        (("call", "detect_edges", "--image", "PHOTO", "--server", "127.0.0.1:1"), "127.0.0.1:1"),
    ],
)
async def test_a_mistake_is_one_line_on_stderr(
    visgate: Command, astronaut: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    files = {"PHOTO": str(astronaut), "EMPTY": "empty.png"}
    ended = await visgate(*(files.get(argument, argument) for argument in arguments))
    assert ended.status != 0
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert told in ended.err


async def test_the_planner_chains_real_tools(visgate: Command, astronaut: Path, tmp_path: Path) -> None:
    request = "Find the objects in the photo, cut out the person and draw the edges of the cut-out."
    ended = await visgate("chat", "--image", str(astronaut), "--output", "talk", request)
    assert ended.status == 0, ended.err
    assert "offline planner" in ended.out
    objects, cut_out, edges = steps_in(tmp_path / "talk")
    assert [objects["tool"], cut_out["tool"], edges["tool"]] == ["detect_objects", "remove_background", "detect_edges"]
    assert "person" in objects["text"]
    assert edges["arguments"]["image"] == cut_out["images"][0]
    photo = PictureName.parse(cut_out["arguments"]["image"])
    made = PictureName.parse(edges["images"][0])
    assert (made.previous, made.original) == (PictureName.parse(cut_out["images"][0]).identity, photo.identity)
    drawn = np.asarray(Image.open(tmp_path / "talk" / edges["images"][0]))
    corner, middle = drawn[:60, :60], drawn[100:400, 100:350]
    assert np.count_nonzero(middle) > 500
    assert np.count_nonzero(corner) < 20, "there was a flag in the corner, until it was cut away"
    assert all(step["total_ms"] > 0 for step in (objects, cut_out, edges))
    ended = await visgate("replay", "talk", "--output", "again")
    assert ended.status == 0, ended.err
    repeated = steps_in(tmp_path / "again")[-1]
    assert repeated["images"] != edges["images"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again" / repeated["images"][0])), drawn)


async def test_a_language_model_chains_real_tools(visgate: Command, astronaut: Path, tmp_path: Path) -> None:
    """The model's own calls, made up of fragments, two at once; the third uses what the second made."""

    def look_and_cut(request: dict[str, Any]) -> Stream:
        photo = request["messages"][-1]["content"].split("Pictures attached: ")[1]
        parts = [
            text("Let me look."),
            *whole_call(0, "detect_objects", "a", image=photo),
            *whole_call(1, "remove_background", "b", image=photo),
        ]
        return Stream(parts, "tool_calls")

    def enlarge(request: dict[str, Any]) -> Stream:
        answers = {message["tool_call_id"]: message["content"] for message in request["messages"][-2:]}
        made = answers["b"].split("New pictures: ")[1].split(",")[0].split("\n")[0]
        wrong = whole_call(0, "detect_edges", "c", image=made, low_threshold="low")
        return Stream([*wrong, *whole_call(1, "detect_edges", "d", image=made, low_threshold=40)], "tool_calls")

    async with ScriptedOpenAI(
        [look_and_cut, enlarge, Stream([text("There is a person. "), text("Done.")])]
    ) as endpoint:
        ended = await visgate(
            *("chat", "--model", "some-model", "--image", str(astronaut), "--output", "talk", "Cut her out"),
            environment={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": endpoint.base_url},
        )
    assert ended.status == 0, ended.err
    assert "There is a person. Done." in ended.out
    assert {tool["function"]["name"] for tool in endpoint.requests[0]["tools"]} >= TOOLS
    objects, cut_out, wrong, edges = steps_in(tmp_path / "talk")
    assert "person" in objects["text"]
    assert edges["arguments"]["image"] == cut_out["images"][0]
    assert "low_threshold" in wrong["error"]
    assert edges["error"] is None
    last = endpoint.requests[2]["messages"]
    assert [message["role"] for message in last[-3:]] == ["assistant", "tool", "tool"]
    assert last[-2]["content"].startswith("Error: ")


async def test_a_refused_key_is_one_line_on_stderr(visgate: Command, astronaut: Path) -> None:
    async with ScriptedOpenAI([Refusal(401, "wrong key")]) as endpoint:
        ended = await visgate(
            *("chat", "--image", str(astronaut), "Describe it"),
            environment={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": endpoint.base_url},
        )
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "OPENAI_API_KEY" in ended.err
