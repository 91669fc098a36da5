"""Both clients against a real Triton: every kind of argument, many callers, cached answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as stock
from PIL import Image

from visgate_client import (
    AsyncVisionClient,
    ClientStateError,
    ModelStatistics,
    UnknownModelError,
    UnknownToolError,
    VisionClient,
)


def inverted(
    picture: np.ndarray, *, strength: float = 1.0, channel: str = "all", shift: int = 0, mirror: bool = False
) -> np.ndarray:
    """What the test model's tool does, here."""
    blended = np.rint((1 - strength) * picture + strength * (255.0 - picture)).astype(np.uint8)
    wanted = [channel in ("all", name) for name in ("red", "green", "blue")]
    seen = np.roll(np.where(wanted, blended, picture), shift, axis=1)
    return seen[:, ::-1] if mirror else seen


def test_the_tools_are_those_of_all_models(client: VisionClient) -> None:
    tools = {tool.name: tool for tool in client.tools()}
    assert {"invert", "slow", "crash", "remember"} <= tools.keys()
    assert tools["invert"].model == "probe"
    assert tools["remember"].model == "remembering"
    assert tools["invert"].properties["channel"]["enum"] == ["all", "red", "green", "blue"]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"strength": 0.25},
        {"strength": 0},
        {"shift": -7},
        {"channel": "green"},
        {"mirror": True},
        {"strength": 0.5, "shift": 3, "channel": "blue", "mirror": True},
    ],
)
def test_every_kind_of_argument_arrives(client: VisionClient, photo: np.ndarray, arguments: dict) -> None:
    result = client.call("invert", image=photo, **arguments)
    np.testing.assert_array_equal(result.arrays["picture"], inverted(photo, **arguments))
    np.testing.assert_array_equal(np.asarray(result.image), result.arrays["picture"])
    assert list(result.images) == ["picture", "mask"]
    assert set(np.unique(result.arrays["mask"])) == {0, 255}
    assert result.text == f"inverted {arguments.get('channel', 'all')} ©"
    defaults = {"strength": 1.0, "shift": 0, "channel": "all", "mirror": False}
    assert result.data == {"arguments": defaults | arguments, "shape": [1, *photo.shape]}


def test_pictures_arrive_from_every_source(client: VisionClient, photo: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    Image.fromarray(photo).save(file)
    for source in (photo, photo[::-1], Image.fromarray(photo), file, str(file), file.read_bytes(), photo[:1, :1]):
        seen = photo[::-1] if source is not photo and isinstance(source, np.ndarray) and len(source) > 1 else photo
        seen = seen[:1, :1] if isinstance(source, np.ndarray) and len(source) == 1 else seen
        np.testing.assert_array_equal(client.call("invert", image=source).arrays["picture"], 255 - seen)


def test_sizes_may_change_from_call_to_call(client: VisionClient) -> None:
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (700, 500), (64, 64), (500, 700), (3, 900), (1500, 1400), (64, 64)):
        picture = rng.integers(0, 256, (*shape, 3), np.uint8)
        np.testing.assert_array_equal(client.call("invert", image=picture).arrays["picture"], 255 - picture)


def test_a_proxy_of_the_environment_is_not_asked_for_this_host(
    server, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with VisionClient(server.address, timeout=5) as client:
        np.testing.assert_array_equal(client.call("invert", image=photo).arrays["picture"], 255 - photo)


def test_a_result_is_the_next_calls_picture(client: VisionClient, photo: np.ndarray) -> None:
    first = client.call("invert", image=photo)
    again = client.call("invert", image=first.arrays["picture"])
    np.testing.assert_array_equal(again.arrays["picture"], photo)
    np.testing.assert_array_equal(client.call("invert", image=first.image).arrays["picture"], photo)


def test_outputs_that_grow_are_still_right(client: VisionClient, photo: np.ndarray) -> None:
    for times in (1, 1, 3, 3, 1, 5):
        result = client.call("grow", image=photo, times_larger=times)
        np.testing.assert_array_equal(result.arrays["picture"], np.tile(photo, (times, 1, 1)))


def test_what_the_server_measured_is_told(client: VisionClient, photo: np.ndarray) -> None:
    client.call("slow_invert", image=photo, seconds=0)
    began = time.perf_counter()
    times = client.call("slow_invert", image=photo, seconds=0.2).times
    waited_ms = (time.perf_counter() - began) * 1e3
    assert times.cached is False
    assert times.batch_size == 1
    assert times.queue_ms is not None
    assert times.compute_ms is not None
    assert times.compute_ms >= 200
    assert times.queue_ms > 0
    assert times.queue_ms + times.compute_ms <= times.total_ms <= waited_ms


def test_an_answer_out_of_the_cache_is_known_as_such(client: VisionClient) -> None:
    picture = np.random.default_rng(time.time_ns()).integers(0, 256, (200, 200, 3), np.uint8)
    computed = client.call("remember", image=picture, seconds=0.5)
    remembered = client.call("remember", image=picture, seconds=0.5)
    assert computed.times.cached is False
    assert (remembered.times.cached, remembered.times.compute_ms, remembered.times.queue_ms) == (True, 0.0, None)
    assert remembered.times.total_ms < 500 <= computed.times.total_ms
    np.testing.assert_array_equal(remembered.arrays["picture"], computed.arrays["picture"])
    assert remembered.data == computed.data
    other = client.call("remember", image=picture, seconds=0.5, mirror=True)
    assert other.times.cached is False
    np.testing.assert_array_equal(other.arrays["picture"], inverted(picture, mirror=True))


def different_pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    return [rng.integers(0, 256, (200 + 10 * (turn % 3), 250, 3), np.uint8) for turn in range(count)]


def test_many_threads_get_what_single_calls_get_in_batches(
    client: VisionClient, settled: Callable[..., ModelStatistics]
) -> None:
    pictures = different_pictures(32)
    before = settled(client, "probe")
    with ThreadPoolExecutor(32) as threads:
        results = list(
            threads.map(
                lambda given: client.call("slow_invert", image=given[1], shift=given[0], seconds=0.02),
                enumerate(pictures),
            )
        )
    after = settled(client, "probe")
    for shift, (picture, result) in enumerate(zip(pictures, results, strict=True)):
        np.testing.assert_array_equal(result.arrays["picture"], inverted(picture, shift=shift))
    assert after.inference_count - before.inference_count == 32
    assert after.execution_count - before.execution_count < 32
    assert max(result.times.batch_size for result in results) > 1


@pytest.mark.parametrize("shared_memory", [True, False])
async def test_many_tasks_get_what_single_calls_get_in_batches(server, shared_memory: bool) -> None:
    pictures = different_pictures(32)
    async with AsyncVisionClient(server.address, shared_memory=shared_memory) as client:
        assert await client.is_ready()
        results = await asyncio.gather(
            *(
                client.call("slow_invert", image=picture, shift=shift, seconds=0.02)
                for shift, picture in enumerate(pictures)
            )
        )
        again = await client.call("invert", image=results[0].image)
    for shift, (picture, result) in enumerate(zip(pictures, results, strict=True)):
        np.testing.assert_array_equal(result.arrays["picture"], inverted(picture, shift=shift))
    np.testing.assert_array_equal(again.arrays["picture"], pictures[0])
    assert max(result.times.batch_size for result in results) > 1


def test_raw_tensors_are_what_the_stock_client_gets(
    client: VisionClient, triton: stock.InferenceServerClient, photo: np.ndarray
) -> None:
    inputs = {"IMAGE": photo[np.newaxis], "CHANNEL": np.array([["red"]]), "SHIFT": np.array([[2]], np.int32)}
    outputs = client.infer("probe", inputs)
    sent = [
        stock.InferInput(name, list(value.shape), kind)
        for (name, value), kind in zip(inputs.items(), ("UINT8", "BYTES", "INT32"), strict=True)
    ]
    for item, value in zip(sent, inputs.values(), strict=True):
        item.set_data_from_numpy(value if value.dtype.kind != "U" else value.astype(object))
    expected = triton.infer("probe", sent)
    assert set(outputs) == {"PICTURE", "MASK", "TEXT", "DATA", "TIMES"}
    for name in ("PICTURE", "MASK", "TEXT", "DATA"):
        np.testing.assert_array_equal(outputs[name], expected.as_numpy(name))


def test_statistics_are_tritons(
    client: VisionClient,
    triton: stock.InferenceServerClient,
    photo: np.ndarray,
    settled: Callable[..., ModelStatistics],
) -> None:
    client.call("invert", image=photo)
    ours = settled(client, "probe")
    (theirs,) = triton.get_inference_statistics("probe").model_stats
    assert (ours.inference_count, ours.execution_count) == (theirs.inference_count, theirs.execution_count)
    assert ours.success_count == theirs.inference_stats.success.count
    assert ours.mean_batch == theirs.inference_count / theirs.execution_count
    assert ours.mean_compute_ms > 0


def test_what_does_not_exist_is_said_not_to(client: VisionClient, photo: np.ndarray) -> None:
    with pytest.raises(UnknownToolError, match="did you mean invert"):
        client.call("invertt", image=photo)
    for call in (lambda: client.statistics("nope"), lambda: client.infer("nope", {"X": np.zeros((1, 1))})):
        with pytest.raises(UnknownModelError) as error:
            call()
        assert error.value.model == "nope"


async def test_a_client_belongs_to_one_event_loop(server) -> None:
    client = AsyncVisionClient(server.address)
    await client.tools()
    with pytest.raises(ClientStateError, match="event loop"):
        await asyncio.to_thread(lambda: asyncio.run(client.tools(refresh=True)))
    await client.close()
    with pytest.raises(ClientStateError, match="closed"):
        await client.tools()
