"""The `visgate` command: what it prints, what it writes and with which status it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sample_vision import SampleVision, sample_tool, write_photo

from visgate_agent.cli import main
from visgate_client import ConnectError, ServerError

Run = Callable[..., int]


@pytest.fixture
def vision() -> SampleVision:
    return SampleVision()


@pytest.fixture
def run(vision: SampleVision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in an empty folder, and returns its status."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "VISGATE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(arguments, connect=lambda _: vision)
        return int(ended.value.code or 0)

    return run_command


@pytest.fixture
def one_line(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The one line on stderr, once nothing but that was printed."""

    def read() -> str:
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        return printed.err

    return read


def test_tools_are_listed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tools") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("invert_colours", "measure_size", "cut_middle"))


def test_tools_are_listed_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tools", "--json") == 0
    invert, _, cut = json.loads(capsys.readouterr().out)
    assert (invert["name"], invert["examples"]) == ("invert_colours", ["invert the colours"])
    assert invert["streams"] is False
    assert cut["parameters"]["properties"]["share"]["type"] == "number"


def test_a_call_prints_its_text_and_keeps_its_pictures(
    run: Run, vision: SampleVision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = write_photo(tmp_path, "cat.png")
    assert run("call", "cut_middle", "--image", str(photo), "--argument", "share=0.25", "--output", "kept") == 0
    printed = capsys.readouterr().out
    assert "Cut out." in printed
    assert "12 ms (queue 2, compute 10)" in printed
    assert vision.calls == [("cut_middle", {"image": photo, "share": 0.25})]
    with Image.open(tmp_path / "kept" / "cat_cut-middle.png") as cutout:
        assert cutout.mode == "RGBA"
    assert (tmp_path / "kept" / "cat_cut-middle-mask.png").is_file()


def test_a_call_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    photo = write_photo(tmp_path, "cat.png")
    for _ in range(2):
        assert run("call", "invert_colours", "--image", str(photo), "--output", ".") == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"cat.png", "cat_invert-colours.png", "cat_invert-colours-2.png"}


def test_a_call_as_json(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = write_photo(tmp_path)
    assert run("call", "measure_size", "--image", str(photo), "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["text"], result["data"], result["images"]) == ("8 × 6", {"width": 8}, {})
    assert result["times"]["compute_ms"] == 9.5


def test_values_are_read_by_the_schema(run: Run, vision: SampleVision, tmp_path: Path) -> None:
    vision.offered = (
        sample_tool(
            "try_all",
            number={"type": "number"},
            integer={"type": "integer"},
            flag={"type": "boolean"},
            words={"type": "string"},
            other={"type": "string", "contentMediaType": "image/*"},
        ),
    )
    settings = ["number=1e-2", "integer=7", "flag=yes", "words=a=b c", "other=mask.png"]
    options = [part for setting in settings for part in ("--argument", setting)]
    assert run("call", "try_all", "--image", str(write_photo(tmp_path)), *options) == 0
    (_, arguments), *_ = vision.calls
    del arguments["image"]
    assert arguments == {"number": 0.01, "integer": 7, "flag": True, "words": "a=b c", "other": Path("mask.png")}
    assert isinstance(arguments["integer"], int)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["call", "paint_house"], "no tool 'paint_house'"),
        (["call", "invert_colours", "--image", "missing.png"], "missing.png"),
        (["call", "invert_colours", "--argument", "share"], "KEY=VALUE"),
        (["call", "invert_colours", "--argument", "hue=1"], "no such argument; it has image"),
        (["call", "cut_middle", "--argument", "share=much"], "share=much: expected a number"),
        (["call", "cut_middle", "--argument", "share=1", "--argument", "share=2"], "given twice"),
        (["call"], "Missing argument"),
        (["paint"], "No such command"),
        (["tools", "--loud"], "--loud"),
        (["chat", "--model", "some-model", "Hello"], "set OPENAI_API_KEY"),
    ],
)
def test_a_mistake_is_one_line_and_a_status(
    run: Run, one_line: Callable[[], str], arguments: list[str], told: str
) -> None:
    assert run(*arguments) != 0
    assert told in one_line()


@pytest.mark.parametrize("error", [ServerError("model broken:\nline two"), ConnectError("nobody answers")])
def test_a_servers_error_is_one_line_too(
    run: Run, vision: SampleVision, tmp_path: Path, one_line: Callable[[], str], error: Exception
) -> None:
    vision.errors["invert_colours"] = error
    assert run("call", "invert_colours", "--image", str(write_photo(tmp_path))) == 1
    assert one_line() == f"visgate: {' '.join(str(error).split())}\n"


def test_no_server_is_one_line(unused_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tools", "--server", f"127.0.0.1:{unused_port}"])
    printed = capsys.readouterr()
    assert ended.value.code == 1
    assert printed.err.count("\n") == 1
    assert str(unused_port) in printed.err


def test_chat_plays_its_messages_and_ends(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = write_photo(tmp_path)
    messages = ["Cut out the middle, then invert the colours of the cut-out", "Measure it"]
    assert run("chat", "--image", str(photo), "--output", "talk", *messages) == 0
    printed = capsys.readouterr().out
    assert "offline planner, which is no language model" in printed
    transcript = json.loads((tmp_path / "talk" / "transcript.json").read_text())
    steps = [step for turn in transcript["turns"] for step in turn["steps"]]
    assert [(step["tool"], step["error"]) for step in steps] == [
        ("cut_middle", None),
        ("invert_colours", None),
        ("measure_size", None),
    ]
    assert steps[2]["arguments"]["image"] == steps[1]["images"][0], "the second message goes on with the first's result"


def test_every_chat_gets_a_folder_of_its_own(run: Run, tmp_path: Path) -> None:
    photo = write_photo(tmp_path)
    for _ in range(2):
        assert run("chat", "--image", str(photo), "Measure the size") == 0
    assert len(list((tmp_path / "visgate_output").iterdir())) == 2


def test_a_prompt_takes_lines_until_they_end(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = write_photo(tmp_path)
    lines = ["/help", "/image missing.png", "Measure the size", f"/image {photo}", "", "Measure the size"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert run("chat", "--output", "talk") == 0
    printed = capsys.readouterr().out
    assert "missing.png" in printed, "a photo that is not there is told, and the talk goes on"
    assert "8 × 6" in printed


def test_control_characters_never_reach_the_terminal(
    run: Run, vision: SampleVision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vision.errors["measure_size"] = ServerError("\x1b[2J\x07[red]boo[/red]")
    assert run("chat", "--image", str(write_photo(tmp_path)), "Measure the size") == 0
    printed = capsys.readouterr().out
    assert "\x1b[2J" not in printed
    assert "\x07" not in printed
    assert "[red]boo[/red]" in printed, "nor is it markup"
