"""A saved session, held again: the same words and calls, new pictures under new names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from sample_vision import SampleVision, write_photo
from scripted_chat_model import ScriptedChatModel, calls, says

from visgate_agent.cli import main
from visgate_agent.errors import TranscriptError
from visgate_agent.messages import Message, ToolCall, ToolMessage, UserMessage
from visgate_agent.picture_names import PictureName
from visgate_agent.recorded_model import RecordedChatModel, recorded_messages
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.transcript import Step, Transcript, Turn, load_transcript
from visgate_client import ServerError


def newest_picture(messages: Sequence[Message]) -> str:
    made = [name for message in messages if isinstance(message, UserMessage | ToolMessage) for name in message.pictures]
    return made[-1]


async def hold(session: Session, messages: Sequence[SpokenMessage]) -> list[Step]:
    for message in messages:
        async for _ in session.send(message):
            pass
    return list(session.transcript.steps)


async def recorded(folder: Path, photo: Path) -> Transcript:
    """Two turns; the second begins with what the first made, and has a call that was no JSON."""
    model = ScriptedChatModel(
        lambda seen: [says("Cutting."), calls("invert_colours", "a", image=newest_picture(seen))],
        [says("Cut.")],
        lambda seen: [
            calls("invert_colours", "b", image=newest_picture(seen)),
            calls("measure_size", "c", image=newest_picture(seen)),
            ToolCall("d", "measure_size", "{broken"),
        ],
        lambda seen: [calls("cut_middle", "e", image=newest_picture(seen), share=0.5)],
        [says("There.")],
    )
    session = Session(SampleVision(), model, folder, "here")
    await hold(session, [SpokenMessage("Invert it", (photo,)), SpokenMessage("And again")])
    return load_transcript(folder)


def shape(steps: Sequence[Step]) -> list[tuple[object, ...]]:
    """What has to be equal in both: all but the names of pictures, which become places in the session."""
    places: dict[str, int] = {}
    rows = []
    for step in steps:
        arguments = {
            name: places.setdefault(value, len(places)) if str(value).endswith(".png") else value
            for name, value in step.arguments.items()
        }
        for image in step.images:
            places.setdefault(image, len(places))
        operations = [PictureName.parse(image).operation for image in step.images]
        rows.append((step.said, step.tool, arguments, step.text, operations, step.error is None))
    return rows


async def test_a_replay_does_the_same_with_pictures_of_its_own(tmp_path: Path) -> None:
    old = await recorded(tmp_path / "old", write_photo(tmp_path))
    vision = SampleVision()
    session = Session(vision, RecordedChatModel(old), tmp_path / "new", "here")
    steps = await hold(session, recorded_messages(old, tmp_path / "old"))
    assert len(steps) == 5
    assert shape(steps) == shape(old.steps)
    assert [turn.reply for turn in session.transcript.turns] == ["Cut.", "There."]
    files = [arguments["image"] for _, arguments in vision.calls]
    assert all(file.parent == tmp_path / "new" for file in files), "no picture of the old session is used again"
    new_names = {image for step in steps for image in step.images}
    assert len(new_names) == 4
    assert not new_names & {image for step in old.steps for image in step.images}


async def test_what_needs_no_new_picture_is_called_together(tmp_path: Path) -> None:
    old = await recorded(tmp_path / "old", write_photo(tmp_path))
    second = UserMessage("And again")
    first = [UserMessage("Invert it", old.turns[0].pictures)]
    call = ToolCall("a", "invert_colours", "{}")
    history = [*first, ToolMessage(call, "", None, old.turns[0].steps[0].images), second]
    completion = RecordedChatModel(old).complete(history, [])
    names = [event.name async for event in completion if isinstance(event, ToolCall)]
    assert names == ["invert_colours", "measure_size", "measure_size"], "the fourth waits for what the first makes"


async def test_a_tool_that_fails_this_time_fails_its_followers_clearly(tmp_path: Path) -> None:
    old = await recorded(tmp_path / "old", write_photo(tmp_path))
    vision = SampleVision()
    vision.errors["invert_colours"] = ServerError("out of memory")
    session = Session(vision, RecordedChatModel(old), tmp_path / "new", "here")
    steps = await hold(session, recorded_messages(old, tmp_path / "old"))
    assert steps[0].error == "out of memory"
    assert "there is no picture" in str(steps[-1].error)


def test_a_transcript_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    damaged = Transcript("m", "s", "now", [Turn("Look", ("../../etc/passwd",))])
    with pytest.raises(TranscriptError, match="damaged"):
        recorded_messages(damaged, tmp_path)


def test_the_command_replays_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def run(*arguments: str) -> object:
        with pytest.raises(SystemExit) as ended:
            main(arguments, connect=lambda _: SampleVision())
        return ended.value.code

    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    request = "Cut out the middle, then invert the colours of the cut-out"
    assert run("chat", "--image", str(write_photo(tmp_path)), "--output", old, request) == 0
    assert run("replay", old, "--output", new) == 0
    first, second = (json.loads((tmp_path / name / "transcript.json").read_text()) for name in ("old", "new"))
    assert second["chat_model"] == "recording of offline planner"
    tools = [[step["tool"] for step in document["turns"][0]["steps"]] for document in (first, second)]
    assert tools == [["cut_middle", "invert_colours"]] * 2
    assert run("replay", str(tmp_path)) == 1, "there is no transcript"
