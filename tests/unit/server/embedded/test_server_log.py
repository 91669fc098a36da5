"""Lines as Triton 2.51 wrote them: what they say about a model's loading, in as few words as it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from visgate_server.embedded.server_log import LogFollower, ModelEvent, Stage, last_errors, model_event, short_reason

LOADING = 'I1122 20:56:03.399681 5925 model_lifecycle.cc:472] "loading: echo:1"'
LOADED = "I1122 20:56:04.818766 5925 model_lifecycle.cc:839] \"successfully loaded 'echo'\""
FAILED = (
    "E1122 20:56:35.000000 5925 model_lifecycle.cc:642] \"failed to load 'broken' version 1: Internal: RuntimeError: "
    'the file \\"a.onnx\\" is truncated\\n\\nAt:\\n  /models/broken/1/model.py(6): _load\\n  '
    '/models/broken/1/model.py(4): initialize\\n"'
)
FAILED_AGAIN = "I1122 20:56:35.000001 5925 model_lifecycle.cc:777] \"failed to load 'broken'\""
REFUSED = (
    "E1122 20:59:25.860083 8759 model_repository_manager.cc:1460] \"Poll failed for model directory 'badconf': failed "
    'to read text proto from /models/badconf/config.pbtxt"'
)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (LOADING, ModelEvent("echo", Stage.LOADING)),
        (LOADED, ModelEvent("echo", Stage.READY)),
        (
            FAILED,
            ModelEvent(
                "broken",
                Stage.FAILED,
                'RuntimeError: the file "a.onnx" is truncated\n'
                "  at /models/broken/1/model.py:6 in _load\n"
                "  at /models/broken/1/model.py:4 in initialize",
            ),
        ),
        (
            REFUSED,
            ModelEvent("badconf", Stage.FAILED, "failed to read text proto from /models/badconf/config.pbtxt"),
        ),
        (FAILED_AGAIN, None),
        ("+-------+---------+--------+", None),
        ("Error: Failed to initialize NVML", None),
        ('I1122 20:56:04.8 5925 model.py:5] "loading: my own words"', None),
        ("", None),
    ],
)
def test_a_line_is_read_for_what_it_says(line: str, event: ModelEvent | None) -> None:
    assert model_event(line) == event


def test_a_log_is_followed_line_by_complete_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOADING + "\n" + LOADED[:40])
    follower = LogFollower(log)
    assert [event.stage for event in follower.events()] == [Stage.LOADING]
    assert list(follower.events()) == []
    with log.open("a") as file:
        file.write(LOADED[40:] + "\n" + FAILED + "\n")
    assert [event.stage for event in follower.events()] == [Stage.READY, Stage.FAILED]


def test_a_long_traceback_is_cut_to_its_last_lines_and_innermost_frames() -> None:
    message = "\n".join(f"line {number} " + "x" * 5000 for number in range(30))
    frames = "\n".join(f"  /models/m/1/model.py({number}): f{number}" for number in range(30))
    reason = short_reason(f"Internal: {message}\n\nAt:\n{frames}\n")
    assert "line 29" in reason
    assert "model.py:0 in f0" in reason
    assert "line 20" not in reason
    assert "f29" not in reason
    assert len(reason) < 2500


def test_frames_of_the_import_machinery_are_left_out() -> None:
    reason = short_reason(
        "Internal: ModuleNotFoundError: No module named 'nothing'\n\nAt:\n  <frozen importlib._bootstrap>(241): "
        "_call\n  /models/m/1/model.py(1): <module>\n"
    )
    assert reason == "ModuleNotFoundError: No module named 'nothing'\n  at /models/m/1/model.py:1 in <module>"


def test_a_model_process_that_died_is_put_in_plain_words() -> None:
    assert "crash" in short_reason("Internal: Stub process 'hard_0_0' is not healthy.")


def test_the_last_errors_leave_out_what_every_start_writes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        'E1122 20:56:03.396642 5925 server.cc:241] "CudaDriverHelper has not been initialized."\n'
        "+-------+\n| Model |\n"
        "Error: Failed to initialize NVML\n"
        "tritonserver: error while loading shared libraries: libx.so: cannot open shared object file\n"
        'I1122 20:59:29.5 8915 server.cc:604] "nothing to see"\n'
        "E1122 20:59:29.5 8915 main.cc:245] \"failed to start GRPC service: Socket '127.0.0.1:1' already in use \"\n"
    )
    assert last_errors(log) == (
        "tritonserver: error while loading shared libraries: libx.so: cannot open shared object file",
        "failed to start GRPC service: Socket '127.0.0.1:1' already in use",
    )
    assert last_errors(log, limit=1) == ("failed to start GRPC service: Socket '127.0.0.1:1' already in use",)
    assert last_errors(tmp_path / "nowhere") == ()
