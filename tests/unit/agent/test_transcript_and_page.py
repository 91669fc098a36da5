"""What a session leaves behind: its transcript, and the page drawn from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from sample_vision import SampleVision, write_photo
from scripted_chat_model import ScriptedChatModel, calls, says

from visgate_agent.errors import StreamBrokenError, TranscriptError
from visgate_agent.messages import Message, ToolCall, UserMessage
from visgate_agent.report_page import report_page
from visgate_agent.session import Session, SpokenMessage
from visgate_agent.transcript import Step, Transcript, Turn, load_transcript
from visgate_client import ServerError, VisgateError

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


async def say(session: Session, text: str, *photos: Path) -> None:
    async for _ in session.send(SpokenMessage(text, photos)):
        pass


class Page(HTMLParser):
    """The tags of a page, each with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, tag: str, attribute: str) -> list[str]:
        return [str(attributes[attribute]) for name, attributes in self.tags if name == tag and attribute in attributes]


async def held_session(folder: Path, photo: Path) -> Session:
    """Two turns: one with a result and two failures, one that only answers."""
    vision = SampleVision()
    vision.errors["measure_size"] = ServerError("out of memory")
    model = ScriptedChatModel(
        lambda seen: [says("First "), says("I cut."), calls("cut_middle", "a", image=photo_in(seen), share=0.5)],
        lambda seen: [calls("measure_size", "b", image=photo_in(seen)), ToolCall("c", "cut_middle", "{broken")],
        [says("It went wrong.")],
        [says("You are welcome.")],
    )
    session = Session(vision, model, folder, "localhost:8001")
    await say(session, "Cut it", photo)
    await say(session, "Thanks")
    return session


def photo_in(messages: Sequence[Message]) -> str:
    first = messages[0]
    assert isinstance(first, UserMessage)
    return first.pictures[0]


async def test_every_step_is_written_down(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    session = await held_session(folder, write_photo(tmp_path))
    document = json.loads((folder / "transcript.json").read_text())
    assert (document["chat_model"], document["server"]) == ("scripted", "localhost:8001")
    first, second = document["turns"]
    assert (first["message"], first["reply"]) == ("Cut it", "It went wrong.")
    photo = first["pictures"][0]
    cut, measure, broken = first["steps"]
    assert (cut["said"], cut["tool"], cut["arguments"]) == (
        "First I cut.",
        "cut_middle",
        {"image": photo, "share": 0.5},
    )
    assert (cut["text"], cut["data"], cut["error"]) == ("Cut out.", {"share": 0.5}, None)
    assert (cut["queue_ms"], cut["compute_ms"], cut["total_ms"]) == (2.0, 9.5, 12.5)
    assert len(cut["images"]) == 2
    assert all((folder / name).is_file() for name in [photo, *cut["images"]])
    assert (measure["error"], measure["total_ms"]) == ("out of memory", None)
    assert broken["arguments"] == {"not_valid_json": "{broken"}
    assert (second["message"], second["steps"], second["reply"]) == ("Thanks", [], "You are welcome.")
    loaded = load_transcript(folder)
    assert json.loads(json.dumps(loaded, default=vars)) == document
    assert len(loaded.steps) == len(session.transcript.steps) == 3


async def test_a_turn_that_fails_is_written_down_too(tmp_path: Path) -> None:
    model = ScriptedChatModel([says("Well, "), StreamBrokenError("the stream broke off")])
    session = Session(SampleVision(), model, tmp_path / "session", "here")
    with pytest.raises(StreamBrokenError):
        await say(session, "Hello")
    turn = load_transcript(tmp_path / "session").turns[0]
    assert (turn.reply, turn.error) == ("Well, ", "the stream broke off")


async def test_a_photo_that_cannot_be_read_begins_no_turn(tmp_path: Path) -> None:
    session = Session(SampleVision(), ScriptedChatModel(), tmp_path / "session", "here")
    with pytest.raises(VisgateError):
        await say(session, "Look", tmp_path / "missing.png")
    assert session.transcript.turns == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"turns": [{"steps": [{"x": 1}]}]}'])
def test_what_is_no_transcript_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "transcript.json").write_text(content)
    with pytest.raises(TranscriptError, match="not a transcript"):
        load_transcript(tmp_path)


def test_a_missing_transcript_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="cannot read"):
        load_transcript(tmp_path)


async def test_the_page_shows_all_and_fetches_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    session = await held_session(folder, write_photo(tmp_path, size=(1200, 900)))
    page = Page(report_page(session.transcript, folder, "A talk", ["Photo: made for the test"]))
    shown = {"Cut it", "First I cut.", "Cut out.", "out of memory", "It went wrong.", "You are welcome."}
    assert all(words in page.text for words in shown | {"A talk", "Photo: made for the test"})
    assert len(page.values("img", "src")) == 3
    assert all(source.startswith("data:image/webp;base64,") for source in page.values("img", "src"))
    assert {unquote(link) for link in page.values("a", "href")} == set(session.pictures.names)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    styles = page.text
    assert "@import" not in styles
    assert "url(" not in styles
    assert "prefers-color-scheme: dark" in styles


def test_whatever_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    step = Step(EVIL, EVIL, {EVIL: EVIL}, text=EVIL, data={EVIL: [EVIL]}, error=None)
    failed = Step(EVIL, EVIL, {}, error=EVIL)
    turn = Turn(EVIL, steps=[step, failed], reply=EVIL, error=EVIL)
    page = Page(report_page(Transcript(EVIL, EVIL, EVIL, [turn]), tmp_path, EVIL, [EVIL]))
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert('x')</script>") >= 10
    assert not any("onerror" in attributes for _, attributes in page.tags)
