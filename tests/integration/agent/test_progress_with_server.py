"""The agent and its command with a tool that streams, on a real Triton."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sample_vision import write_photo
from scripted_chat_model import ScriptedChatModel, calls, says

from visgate_agent.events import CallFinished, CallProgressed
from visgate_agent.picture_names import PictureName
from visgate_agent.session import Session, SpokenMessage
from visgate_client import AsyncVisionClient
from visgate_server.embedded import EmbeddedServer, RunningServer

from ..client.conftest import write_stepper


@pytest.fixture(scope="module")
def stepper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose one model counts, telling its progress."""
    folder = tmp_path_factory.mktemp("stepper")
    write_stepper(folder / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_NOTES", str(folder / "notes.txt"))
        running = EmbeddedServer.on_free_ports(folder / "models", folder / "state").start()
    with running:
        yield running


async def test_the_loop_tells_progress_and_keeps_the_picture(stepper: RunningServer, tmp_path: Path) -> None:
    async with AsyncVisionClient(stepper.address, timeout=60) as vision:
        model = ScriptedChatModel(
            lambda messages: [calls("count_steps", image=messages[0].pictures[0], count=4)],
            [says("Counted.")],
        )
        session = Session(vision, model, tmp_path / "talk", stepper.address)
        photo = write_photo(tmp_path)
        events = [event async for event in session.send(SpokenMessage("Count to four", (photo,)))]
    progress = [event.progress for event in events if isinstance(event, CallProgressed)]
    assert [(each.step, each.of, each.preview is not None) for each in progress] == [
        (1, 4, False),
        (2, 4, True),
        (3, 4, False),
        (4, 4, True),
    ]
    (finished,) = [event.message for event in events if isinstance(event, CallFinished)]
    assert finished.text == "counted 4 for "
    photo_name, made = (PictureName.parse(name) for name in session.pictures.names)
    assert (made.operation, made.previous, made.original) == ("count-steps", photo_name.identity, photo_name.identity)
    with Image.open(session.pictures.path(str(made))) as kept:
        assert kept.getpixel((0, 0)) == (5, 155, 255), "the photo's opposite"


async def visgate(server: RunningServer, folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visgate_agent", "call", "count_steps", "--argument", "count=4", *arguments),
        cwd=folder,
        env={**os.environ, "VISGATE_SERVER": server.address, "FORCE_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), timeout=120)
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_shows_the_steps_in_a_terminal(stepper: RunningServer, tmp_path: Path) -> None:
    status, out, err = await visgate(stepper, tmp_path)
    assert status == 0, err
    assert "step 4 of 4" in err
    assert "counted 4" in out
    assert "step" not in out


async def test_the_command_as_json_asks_for_no_steps(stepper: RunningServer, tmp_path: Path) -> None:
    status, out, err = await visgate(stepper, tmp_path, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["data"] == {"preview_every": 0}
