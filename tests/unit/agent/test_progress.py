"""Tools that tell their progress: in the loop's events, in the terminal, and on the command line."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from sample_vision import CUT, DRAW, INVERT, MEASURE, STEPS, SampleVision, write_photo
from scripted_chat_model import ScriptedChatModel, calls, says

from visgate_agent.cli import main
from visgate_agent.conversation import Conversation
from visgate_agent.events import CallFinished, CallProgressed, CallStarted, Event, TextDelta
from visgate_agent.messages import ToolMessage
from visgate_agent.picture_names import PictureName
from visgate_agent.picture_store import PictureStore
from visgate_agent.progress_bars import ProgressBars
from visgate_agent.recorded_model import RecordedChatModel, recorded_messages
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.terminal import TerminalView
from visgate_agent.toolbox import Toolbox
from visgate_agent.transcript import load_transcript
from visgate_client import Progress, ServerError

DRAWING = calls("draw_scene", prompt="a cat")


@pytest.fixture
def vision() -> SampleVision:
    return SampleVision(INVERT, MEASURE, CUT, DRAW)


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "session")


def conversation(vision: SampleVision, store: PictureStore, *completions: list) -> Conversation:
    return Conversation(ScriptedChatModel(*completions), Toolbox(vision, store))


async def collect(talk: Conversation) -> list[Event]:
    return [event async for event in talk.send("Draw a cat")]


# --- events ---


async def test_progress_comes_between_the_start_and_the_end_of_its_call(
    vision: SampleVision, store: PictureStore
) -> None:
    events = await collect(conversation(vision, store, [DRAWING], [says("done")]))
    kinds = [type(event) for event in events]
    assert kinds[:5] == [CallStarted, *[CallProgressed] * STEPS, CallFinished]
    progress = [event.progress for event in events if isinstance(event, CallProgressed)]
    assert [(each.step, each.of) for each in progress] == [(1, STEPS), (2, STEPS), (3, STEPS)]
    assert [each.preview is not None for each in progress] == [False, True, False]
    assert {event.call for event in events if isinstance(event, CallProgressed)} == {DRAWING}


async def test_progress_is_seen_before_the_call_ends(vision: SampleVision, store: PictureStore) -> None:
    """The tool goes on only after its first step was seen: a loop that waited for the result would wait for ever."""
    seen = asyncio.Event()
    vision.after_step["draw_scene"] = lambda: asyncio.wait_for(seen.wait(), timeout=60)
    async for event in conversation(vision, store, [DRAWING], [says("done")]).send("Draw"):
        if isinstance(event, CallProgressed):
            seen.set()
    assert vision.finished == ["draw_scene"]


async def test_tools_that_do_not_stream_are_called_as_before(
    vision: SampleVision, store: PictureStore, tmp_path: Path
) -> None:
    photo = store.add_photo(write_photo(tmp_path))
    events = await collect(conversation(vision, store, [calls("measure_size", image=photo)], [says("done")]))
    assert not [event for event in events if isinstance(event, CallProgressed)]
    assert vision.streamed == []


async def test_leaving_the_turn_closes_the_stream(vision: SampleVision, store: PictureStore) -> None:
    vision.after_step["draw_scene"] = lambda: asyncio.sleep(60)
    talk = conversation(vision, store, [DRAWING])
    turn = talk.send("Draw")
    async for event in turn:
        if isinstance(event, CallProgressed):
            break
    await turn.aclose()
    assert vision.cancelled == ["draw_scene"]
    assert vision.finished == []


async def test_an_error_after_progress_is_the_calls_error(vision: SampleVision, store: PictureStore) -> None:
    vision.errors["draw_scene"] = ServerError("out of paint")
    talk = conversation(vision, store, [DRAWING], [says("sorry")])
    events = await collect(talk)
    assert len([event for event in events if isinstance(event, CallProgressed)]) == STEPS
    (answer,) = [message for message in talk.messages if isinstance(message, ToolMessage)]
    assert answer.error == "out of paint"


# --- what is kept ---


async def test_a_drawing_has_no_past_and_what_is_made_of_it_goes_back_to_it(
    vision: SampleVision, store: PictureStore
) -> None:
    def inverted(messages: list) -> list:
        return [calls("invert_colours", "call_2", image=messages[-1].pictures[0])]

    talk = conversation(vision, store, [DRAWING], inverted, [says("done")])  # type: ignore[arg-type]
    await collect(talk)
    drawing, inverse = (PictureName.parse(name) for name in store.names)
    assert (drawing.operation, drawing.previous, drawing.original) == ("draw-scene", None, None)
    assert (inverse.operation, inverse.previous, inverse.original) == (
        "invert-colours",
        drawing.identity,
        drawing.identity,
    )


async def test_a_talk_with_drawings_is_saved_and_repeated(vision: SampleVision, tmp_path: Path) -> None:
    session = Session(vision, ScriptedChatModel([says("Well."), DRAWING], [says("There.")]), tmp_path / "a", "here")
    first = [event async for event in session.send(SpokenMessage("Draw a cat"))]
    transcript = load_transcript(tmp_path / "a")
    (step,) = transcript.steps
    assert (step.tool, step.arguments, step.error) == ("draw_scene", {"prompt": "a cat"}, None)
    assert (tmp_path / "a" / step.images[0]).is_file()
    again = Session(vision, RecordedChatModel(transcript), tmp_path / "b", "here")
    (message,) = recorded_messages(transcript, tmp_path / "a")
    second = [event async for event in again.send(message)]
    assert [type(event) for event in second] == [type(event) for event in first]
    assert load_transcript(tmp_path / "b").steps[0].arguments == step.arguments


# --- the terminal ---


class Terminal:
    """What is written to a terminal, and what of it is on its screen in the end."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, force_terminal=is_terminal, width=60, height=20, color_system=None)

    @property
    def written(self) -> str:
        return self._file.getvalue()

    @property
    def screen(self) -> list[str]:
        """The lines left over once the control sequences for erasing have done their work."""
        lines, row = [""], 0
        text = self.written.replace("\x1b[?25l", "").replace("\x1b[?25h", "")
        while text:
            if text.startswith("\x1b[2K"):
                lines[row], text = "", text[4:]
            elif text.startswith("\x1b[1A"):
                row, text = row - 1, text[4:]
            elif text.startswith("\r"):
                text = text[1:]
            elif text.startswith("\n"):
                row, text = row + 1, text[1:]
                lines += [""] * (row + 1 - len(lines))
            else:
                lines[row], text = lines[row] + text[0], text[1:]
        return [line.rstrip() for line in lines if line.strip()]


def test_a_call_has_a_line_while_it_is_under_way() -> None:
    terminal = Terminal()
    view = TerminalView(terminal.console)
    view.show(CallStarted(DRAWING))
    for step in (1, 2):
        view.show(CallProgressed(DRAWING, Progress(step, 20)))
        assert f"step {step} of 20" in terminal.screen[-1]
        assert "draw_scene" in terminal.screen[-1]
    view.show(CallFinished(ToolMessage(DRAWING, "Drew a cat.")))
    assert [line.split()[0] for line in terminal.screen] == ["▸", "✓"], "nothing of the progress stays"


def test_calls_at_once_have_a_line_each() -> None:
    terminal = Terminal()
    view = TerminalView(terminal.console)
    other = calls("draw_scene", "call_2", prompt="a dog")
    view.show(CallProgressed(DRAWING, Progress(3, 20)))
    view.show(CallProgressed(other, Progress(5, 10)))
    assert "step 3 of 20" in terminal.screen[-2]
    assert "step 5 of 10" in terminal.screen[-1]
    view.show(CallFinished(ToolMessage(DRAWING, "Drew a cat.")))
    view.show(CallProgressed(other, Progress(6, 10)))
    assert not any("of 20" in line for line in terminal.screen)
    assert "step 6 of 10" in terminal.screen[-1]
    view.end()
    assert [line.split()[0] for line in terminal.screen] == ["✓"]


def test_text_that_comes_meanwhile_is_not_broken() -> None:
    terminal = Terminal()
    view = TerminalView(terminal.console)
    view.show(CallProgressed(DRAWING, Progress(1, 20)))
    for piece in ("While this is dra", "wn, let me"):
        view.show(TextDelta(piece))
        view.show(CallProgressed(DRAWING, Progress(2, 20)))
    view.show(TextDelta(" talk.\n"))
    view.show(CallProgressed(DRAWING, Progress(3, 20)))
    assert terminal.screen[0] == "While this is drawn, let me talk."
    assert "step 3 of 20" in terminal.screen[1]


def test_a_turn_that_breaks_off_leaves_no_line() -> None:
    terminal = Terminal()
    view = TerminalView(terminal.console)
    view.show(CallProgressed(DRAWING, Progress(1, 20)))
    view.end()
    assert terminal.screen == []
    assert terminal.written.count("\x1b[?25h") == terminal.written.count("\x1b[?25l") > 0, "the cursor is back"


def test_a_file_gets_no_progress() -> None:
    file = Terminal(is_terminal=False)
    bars = ProgressBars(file.console)
    bars.show("a", "draw_scene", Progress(1, 20))
    bars.finish("a")
    bars.hide()
    assert file.written == ""


# --- visgate call ---


@pytest.fixture
def run(vision: SampleVision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.delenv("VISGATE_SERVER", raising=False)
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(arguments, connect=lambda _: vision)
        return int(ended.value.code or 0)

    return run_command


def test_a_call_shows_its_progress_apart_from_its_result(
    run: Callable[..., int], vision: SampleVision, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("call", "draw_scene", "--argument", "prompt=a cat") == 0
    printed = capsys.readouterr()
    assert f"step {STEPS} of {STEPS}" in printed.err
    assert "step" not in printed.out
    assert "Drew a cat." in printed.out
    assert "draw-scene.png" in printed.out


def test_a_call_as_json_asks_for_no_progress(
    run: Callable[..., int], vision: SampleVision, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("call", "draw_scene", "--argument", "prompt=a cat", "--json") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out)["text"] == "Drew a cat."
    assert vision.streamed == []
