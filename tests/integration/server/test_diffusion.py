"""The diffusion model inside a real Triton: how it serves, whatever its networks draw."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from visgate_server.diffusion.limits import EngineLimits
from visgate_server.embedded import EmbeddedServer, RunningServer
from visgate_server.embedded.processes import server_processes
from visgate_server.embedded.shared_memory import regions
from visgate_server.models.diffusion import Diffusion

ROOT = Path(__file__).parents[3]
LEVELS = 2
"""A batch's sums run in another order than a single row's; this many grey levels may come of that."""

LIMITS = EngineLimits(max_queued=Diffusion.spec.max_queue_size)


def started(folder: Path) -> RunningServer:
    """A server with the drawing model and the one that it calls, so that nothing else takes the cores."""
    repository = folder / "models"
    repository.mkdir()
    for name in (Diffusion.spec.name, *Diffusion.spec.calls):
        (repository / name).symlink_to(ROOT / "model_repository" / name)
    running = EmbeddedServer.on_free_ports(repository, folder / "state").start()
    assert not running.state.withheld, "run `make models`"
    assert not running.failures
    return running


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with started(tmp_path_factory.mktemp("drawing")) as running:
        yield running


def lines() -> np.ndarray:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:44, [20, 43]] = picture[[20, 43], 20:44] = 255
    return picture


def slope() -> np.ndarray:
    return np.repeat(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))[..., None], 3, axis=2)


def plain(prompt: str = "a cat on a blue background", **values: Any) -> dict[str, Any]:
    """A drawing as the networks make it, with a seed; whatever `values` says otherwise."""
    return {"prompt": prompt, "enlarge": False, "seed": 5, "steps": 6, **values}


FOUR_TOOLS: dict[str, dict[str, Any]] = {
    "text": plain(scheduler="ddim", seed=1),
    "edges": plain("a house on a red background", operation="edges", image=lines(), scheduler="euler", seed=2, steps=9),
    "depth": plain("a bus", operation="depth", image=slope(), scheduler="euler_ancestral", seed=3, control_scale=0.7),
    "redraw": plain("a star", operation="redraw", image=slope(), strength=0.5, seed=4, steps=12, negative_prompt="sun"),
}


def assert_alike(one: np.ndarray, other: np.ndarray) -> None:
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).max() <= LEVELS


def test_four_tools_at_once_draw_what_each_draws_alone(drawing: RunningServer, new_caller) -> None:
    caller = new_caller(drawing.address)
    alone = {name: caller.call("diffusion", **values) for name, values in FOUR_TOOLS.items()}
    callers = {f"{name} {copy}": new_caller(drawing.address) for name in FOUR_TOOLS for copy in range(2)}
    company = new_caller(drawing.address)
    company.ask("diffusion", **plain("a fish", steps=60, seed=9, preview_every=1))
    company.wait_for_progress(1)
    for name, each in callers.items():
        each.ask("diffusion", **FOUR_TOOLS[name.split()[0]])
    together = {name: each.answer() for name, each in callers.items()}
    for name, answer in together.items():
        single = alone[name.split()[0]]
        assert_alike(answer.picture, single.picture)
        assert single.data["mean_requests"] == 1
        assert answer.data["mean_requests"] > 1
        assert answer.data["steps"] == single.data["steps"]
    pictures = [answer.picture.astype(int) for answer in alone.values()]
    differences = [np.abs(one - other).max() for one in pictures for other in pictures if one is not other]
    assert min(differences) > LEVELS, "the tools draw different things, or the comparison above says nothing"
    assert alone["redraw"].data["steps"] == 6, "half of the twelve"


def test_a_seed_draws_the_same_again_and_the_server_tells_the_one_it_chose(drawing: RunningServer, new_caller) -> None:
    caller = new_caller(drawing.address)
    chosen = caller.call("diffusion", **plain(seed=-1))
    other = caller.call("diffusion", **plain(seed=-1))
    assert chosen.data["seed"] != other.data["seed"]
    assert f"seed {chosen.data['seed']}" in chosen.text
    again = caller.call("diffusion", **plain(seed=chosen.data["seed"]))
    assert_alike(again.picture, chosen.picture)
    assert np.abs(again.picture.astype(int) - other.picture).max() > LEVELS


def test_progress_comes_in_order_and_previews_as_often_as_asked(drawing: RunningServer, new_caller) -> None:
    caller = new_caller(drawing.address)
    answer = caller.call("diffusion", **plain(steps=10, preview_every=3))
    steps = [step for step, _ in answer.progress]
    assert steps == sorted(set(steps))
    assert {of for _, of in answer.progress} == {10}
    assert len(steps) >= 8, "it is thinned out only where sending lags eight steps behind"
    assert set(answer.previews) <= {3, 6, 9}
    assert answer.previews
    assert all(preview.shape == (64, 64, 3) for preview in answer.previews.values())
    assert caller.call("diffusion", **plain()).progress == []


def test_a_finished_drawing_is_enlarged_by_the_served_network(drawing: RunningServer, new_caller) -> None:
    caller = new_caller(drawing.address)
    small, large = (caller.call("diffusion", **plain(enlarge=enlarge)) for enlarge in (False, True))
    picture = triton.InferInput("IMAGE", [1, 64, 64, 3], "UINT8")
    picture.set_data_from_numpy(small.picture[None])
    with triton.InferenceServerClient(drawing.address) as client:
        expected = client.infer("upscale_image", [picture]).as_numpy("PICTURE")[0]
    assert large.picture.shape == (256, 256, 3)
    assert np.abs(large.picture.astype(int) - expected).mean() < LEVELS
    assert (small.data["enlarged"], large.data["enlarged"]) == (1, 4)
    assert "enlarged to 256 × 256" in large.text


def test_times_tell_when_work_began_and_how_long_it_took(drawing: RunningServer, new_caller) -> None:
    before = time.time_ns()
    answer = new_caller(drawing.address).call("diffusion", **plain(enlarge=True))
    began, took, rows = answer.outputs["TIMES"][0].tolist()
    assert before <= began
    assert took > 0
    assert began + took <= time.time_ns()
    assert rows == 1


def test_what_was_too_long_to_be_read_is_told(drawing: RunningServer, new_caller) -> None:
    prompt = "a cat on a blue background and " * 15 + "a very special ending"
    answer = new_caller(drawing.address).call("diffusion", **plain(prompt))
    assert answer.data["cut_off"].endswith("special ending")
    assert "too long" in answer.text
    assert new_caller(drawing.address).call("diffusion", **plain()).data["cut_off"] == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": " "}, "PROMPT is empty"),
        ({"steps": 0}, "STEPS is 0; it must be from 1 to 100"),
        ({"width": 65}, "width is 65: it must be a multiple of 64"),
        ({"width": 2048}, "width is 2048: it must be from 64 to"),
        ({"scheduler": "lms"}, "SCHEDULER is 'lms'; it must be one of"),
        ({"guidance": float("nan")}, "GUIDANCE"),
        ({"operation": "edges"}, "IMAGE is missing"),
        ({"operation": "sculpt"}, "OPERATION is 'sculpt'"),
        ({"operation": "redraw", "image": lines(), "strength": 0.1, "steps": 5}, "leaves none to run"),
        ({"operation": "edges", "image": np.zeros((0, 8, 3), np.uint8)}, "empty picture"),
        ({"steps": 2.5}, "STEPS"),
        ({"image": np.zeros((8, 8, 4), np.uint8)}, "IMAGE"),
    ],
)
def test_a_bad_argument_is_refused_and_the_server_goes_on(
    drawing: RunningServer, new_caller, values: dict[str, Any], words: str
) -> None:
    caller = new_caller(drawing.address)
    with pytest.raises(InferenceServerException) as refusal:
        caller.call("diffusion", **plain(**values))
    assert words in str(refusal.value)
    assert not str(refusal.value).startswith("model diffusion:"), "that is how a fault of the server's begins"
    assert caller.call("diffusion", **plain(steps=1)).data["steps"] == 1


def test_a_drawing_that_is_cancelled_leaves_the_batch_within_two_steps(drawing: RunningServer, new_caller) -> None:
    staying, leaving = new_caller(drawing.address), new_caller(drawing.address)
    slow = {"width": 128, "height": 128, "steps": 40, "preview_every": 1}
    staying.ask("diffusion", **plain(**slow))
    staying.wait_for_progress(1)
    leaving.ask("diffusion", **plain(**slow))
    seen = leaving.wait_for_progress(6).progress[-1][0]
    leaving.cancel()
    data = staying.answer().data
    shared = round((data["mean_requests"] - 1) * data["unet_calls"])
    assert seen <= shared <= seen + 4, (
        "two steps, and one or two that were under way while the word went back and forth"
    )


def wait_for_room(caller: Any) -> None:
    """Asks until it is served; a step of a full batch, after which the cancelled ones leave, takes its time."""
    deadline = time.monotonic() + 20
    while True:
        try:
            assert caller.call("diffusion", **plain(steps=1)).data["steps"] == 1
        except InferenceServerException as error:
            if "Exceeds maximum queue size" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_more_than_fits_is_refused_or_times_out_and_those_who_leave_make_room(
    drawing: RunningServer, new_caller
) -> None:
    crowd, late = new_caller(drawing.address), new_caller(drawing.address)
    for seed in range(LIMITS.max_in_flight + LIMITS.max_queued + 10):
        crowd.ask("diffusion", **plain(steps=100, seed=seed))
    with pytest.raises(InferenceServerException, match="Exceeds maximum queue size"):
        crowd.answer()
    crowd.cancel()
    wait_for_room(late)

    for seed in range(LIMITS.max_in_flight):
        crowd.ask("diffusion", **plain(steps=100, seed=seed, preview_every=1))
    crowd.wait_for_progress(LIMITS.max_in_flight)
    with pytest.raises(InferenceServerException, match="Request timeout expired"):
        late.call("diffusion", timeout_us=50_000, **plain(steps=1))
    crowd.cancel()
    assert late.call("diffusion", **plain(steps=1)).data["steps"] == 1


def test_a_thousand_requests_half_of_them_cancelled_leave_the_memory_where_it_was(
    drawing: RunningServer, new_caller
) -> None:
    callers = [new_caller(drawing.address) for _ in range(5)]

    def work(caller: Any, rounds: int) -> None:
        """In each round ten that finish, then ten that are dropped when the first of them tells of progress."""
        for _ in range(rounds):
            for seed in range(10):
                caller.ask("diffusion", **plain(steps=1, seed=seed, guidance=1.0))
            for _ in range(10):
                assert caller.answer().data["steps"] == 1
            for seed in range(10):
                caller.ask("diffusion", **plain(steps=50, seed=seed, preview_every=1, guidance=1.0))
            caller.wait_for_progress(1)
            caller.cancel()

    def resident() -> int:
        [model] = [p for p in server_processes(drawing.state.region_prefix) if "diffusion" in " ".join(p.cmdline())]
        size: int = model.memory_info().rss
        return size

    with ThreadPoolExecutor(len(callers)) as threads:
        list(threads.map(work, callers, [2] * len(callers)))
        before = resident()
        list(threads.map(work, callers, [10] * len(callers)))
    new_caller(drawing.address).call("diffusion", **plain(steps=1))
    after = resident()
    assert abs(after / before - 1) <= 0.05, f"{before / 2**20:.1f} MiB before, {after / 2**20:.1f} MiB after"


def finished_or_cut_off(caller: Any) -> bool:
    """Whether a caller got its whole drawing, or heard that there will be none; silence is an error of the queue.

    What it hears depends on how far it had come: a closed connection, an engine that stops, an enlarger that is gone.
    """
    try:
        return bool(caller.answer().data["steps"] == 100)
    except InferenceServerException as error:
        return bool(error.message())


def test_a_server_that_stops_in_the_middle_of_drawings_leaves_nothing(tmp_path: Path, new_caller) -> None:
    running = started(tmp_path)
    prefix = running.state.region_prefix
    with running:
        callers = [new_caller(running.address) for _ in range(3)]
        for caller in callers:
            caller.ask("diffusion", **plain(steps=100, width=128, height=128, preview_every=1, enlarge=True))
            caller.wait_for_progress(1)
        assert regions(prefix)
        stopping = threading.Thread(target=running.stop, args=(4.0,))
        stopping.start()
        for caller in callers:
            assert finished_or_cut_off(caller)
        stopping.join()
    assert server_processes(prefix) == ()
    assert regions(prefix) == ()
