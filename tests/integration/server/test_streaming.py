"""A streaming model inside a real Triton, as callers see it who know nothing but the protocol."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tritonclient.grpc as triton
from sample_composite_model import CountingOften
from sample_stream_model import Counting
from tritonclient.utils import InferenceServerException

from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.embedded.processes import server_processes
from visgate_server.embedded.shared_memory import regions
from visgate_server.model_config import config_text
from visgate_server.stream_model import StreamModel

SAMPLES = Path(__file__).parents[2] / "unit" / "server"
SERVED = "\nfrom visgate_server.stream_backend import serve_stream\nTritonPythonModel = serve_stream({name})\n"


def write_sample(repository: Path, code: str, model: type[StreamModel]) -> None:
    folder = repository / model.spec.name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(config_text(model.spec))
    (folder / "1" / "model.py").write_text((SAMPLES / code).read_text() + SERVED.format(name=model.__name__))


def write_counting(repository: Path) -> None:
    write_sample(repository, "sample_stream_model.py", Counting)


def started(folder: Path) -> RunningServer:
    return EmbeddedServer.on_free_ports(folder / "models", folder / "state").start()


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("counting")
    write_counting(folder / "models")
    write_sample(folder / "models", "sample_composite_model.py", CountingOften)
    with started(folder) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """One that a test may harm."""
    write_counting(tmp_path / "models")
    with started(tmp_path) as running:
        yield running


def test_progress_previews_and_the_result_come_in_order(counting: RunningServer, new_caller) -> None:
    answer = new_caller(counting.address).call("counting", number=9, seconds=0.01, preview_every=4)
    assert answer.progress == [(step, 9) for step in range(1, 9)]
    assert set(answer.previews) == {4, 8}
    assert answer.picture.tolist() == [[[9, 9, 9]]]
    assert answer.text == "counted to 9"


def test_a_caller_may_ask_for_some_outputs_only(counting: RunningServer, new_caller) -> None:
    caller = new_caller(counting.address)
    answer = caller.call("counting", outputs=("TEXT", "PROGRESS"), number=3, seconds=0.01, preview_every=1)
    assert set(answer.outputs) == {"TEXT"}
    assert answer.progress == [(1, 3), (2, 3)]
    assert not answer.previews


def test_a_composite_passes_the_progress_of_its_parts_on_as_one(counting: RunningServer, new_caller) -> None:
    answer = new_caller(counting.address).call("counting_often", number=4, times=3, seconds=0.02, preview_every=2)
    assert answer.data["total"] == 12
    assert answer.picture.tolist() == [[[4, 4, 4]]]
    assert answer.progress == [(done, 12) for done in (1, 2, 3, 5, 6, 7, 9, 10, 11)]
    assert set(answer.previews) == {2, 6, 10}
    quiet = new_caller(counting.address).call("counting_often", number=4)
    assert (quiet.data["total"], quiet.progress) == (8, [])


def test_composites_at_once_work_beside_each_other(counting: RunningServer, new_caller) -> None:
    long, short = new_caller(counting.address), new_caller(counting.address)
    long.ask("counting_often", number=100, times=9, seconds=0.01, preview_every=1)
    long.wait_for_progress(1)
    assert short.call("counting_often", number=2, times=3).data["total"] == 6
    long.wait_for_progress(1)


def test_what_a_part_of_a_composite_says_reaches_its_caller(counting: RunningServer, new_caller) -> None:
    caller = new_caller(counting.address)
    with pytest.raises(InferenceServerException, match=r"it calls counting, which failed: .*NUMBER is 10001"):
        caller.call("counting_often", number=10_001)
    assert caller.call("counting_often", number=1).data["total"] == 2


def test_a_composite_that_is_cancelled_calls_nobody_any_more(counting: RunningServer, new_caller) -> None:
    caller, watcher = new_caller(counting.address), new_caller(counting.address)
    caller.ask("counting_often", number=10, times=9, seconds=0.1, preview_every=1)
    caller.wait_for_progress(2)
    caller.cancel()
    deadline = time.monotonic() + 5
    before, steps = 0, 9
    while steps - before > 1:  # the watcher's own
        assert time.monotonic() < deadline, "the part that it was at takes a second, all nine of them take nine"
        before = watcher.call("counting", number=1).data["steps_of_all"]
        time.sleep(0.5)
        steps = watcher.call("counting", number=1).data["steps_of_all"]


def test_many_requests_of_one_stream_are_worked_on_together(counting: RunningServer, new_caller) -> None:
    caller = new_caller(counting.address)
    began = time.monotonic()
    for _ in range(Counting.MOST):
        caller.ask("counting", number=20, seconds=0.02)
    ends = [caller.answer().data["number"] for _ in range(Counting.MOST)]
    assert ends == [20] * Counting.MOST
    assert time.monotonic() - began < 1.0, "one after the other they take 1.6 s"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"number": 0}, "NUMBER is 0; it must be from 1 to 10000"),
        ({"operation": "pixels"}, "IMAGE is missing"),
        ({"number": 1, "mood": "refuse"}, "choose another"),
        ({"number": 1, "preview_every": 1000}, "PREVIEW_EVERY"),
    ],
)
def test_a_bad_request_is_refused_and_the_next_of_its_stream_is_served(
    counting: RunningServer, new_caller, values: dict[str, object], words: str
) -> None:
    caller = new_caller(counting.address)
    with pytest.raises(InferenceServerException, match=words):
        caller.call("counting", **values)
    assert caller.call("counting", number=2).data["number"] == 2


def test_one_request_too_many_is_refused_in_tritons_words(counting: RunningServer, new_caller) -> None:
    callers = [new_caller(counting.address) for _ in range(Counting.MOST)]
    for caller in callers:
        caller.ask("counting", number=50, seconds=0.02, preview_every=1)
    for caller in callers:
        caller.wait_for_progress(1)
    with pytest.raises(InferenceServerException, match="Exceeds maximum queue size"):
        new_caller(counting.address).call("counting", number=1)
    assert [caller.answer().data["number"] for caller in callers] == [50] * Counting.MOST


def test_a_cancelled_request_leaves_at_its_next_step(counting: RunningServer, new_caller) -> None:
    watching = new_caller(counting.address)
    before = watching.call("counting", number=1).data["steps_of_all"]
    leaving = new_caller(counting.address)
    leaving.ask("counting", number=10_000, seconds=0.05, preview_every=1)
    leaving.wait_for_progress(5)
    leaving.cancel()
    time.sleep(0.5)
    steps = watching.call("counting", number=1).data["steps_of_all"] - before - 1
    assert steps <= 7, "five were seen, one was under way, one may have begun before the word came through"


def test_the_time_a_caller_gives_the_queue_reaches_the_model(counting: RunningServer, new_caller) -> None:
    caller = new_caller(counting.address)
    assert caller.call("counting", timeout_us=2_500_000, number=1).data["queue_timeout_s"] == 2.5
    assert caller.call("counting", number=1).data["queue_timeout_s"] == 60


def test_a_loop_that_dies_answers_everybody_and_the_model_says_so_from_then_on(
    own_server: RunningServer, new_caller
) -> None:
    waiting = [new_caller(own_server.address) for _ in range(2)]
    for caller in waiting:
        caller.ask("counting", number=10_000, seconds=0.01, preview_every=1)
        caller.wait_for_progress(1)
    breaking, late = new_caller(own_server.address), new_caller(own_server.address)
    breaking.ask("counting", number=2, mood="break")
    for caller in (*waiting, breaking, late):
        if caller is late:
            late.ask("counting", number=2)
        with pytest.raises(InferenceServerException, match=r"it lost count.*started again"):
            caller.answer()
    assert "RuntimeError: it lost count" in own_server.log.read_text(), "the log has where it happened"


def test_a_server_that_stops_finishes_what_it_can_and_leaves_nothing_of_the_rest(
    own_server: RunningServer, new_caller
) -> None:
    short, long = new_caller(own_server.address), new_caller(own_server.address)
    short.ask("counting", number=40, seconds=0.05, preview_every=1)
    long.ask("counting", number=10_000, seconds=0.05, preview_every=1)
    for caller in (short, long):
        caller.wait_for_progress(1)
    prefix = own_server.state.region_prefix
    assert regions(prefix)
    stopping = threading.Thread(target=own_server.stop, args=(4.0,))
    stopping.start()
    assert short.answer().data["number"] == 40
    with pytest.raises(InferenceServerException):
        long.answer()
    stopping.join()
    assert server_processes(prefix) == ()
    assert regions(prefix) == ()


def test_statistics_count_streamed_requests(counting: RunningServer, new_caller) -> None:
    def count() -> int:
        with triton.InferenceServerClient(counting.address) as client:
            statistics = client.get_inference_statistics("counting")
            return int(statistics.model_stats[0].inference_count)

    before = count()
    caller = new_caller(counting.address)
    for _ in range(3):
        caller.call("counting", number=2)
    deadline = time.monotonic() + 5
    while count() < before + 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count() == before + 3
