"""What both clients do between a call and the network; each test runs on both."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tritonclient.grpc import service_pb2

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    ClientStateError,
    ConnectError,
    DeadlineError,
    PictureFileError,
    PictureFormatError,
    ServerLostError,
    UnknownModelError,
    UnknownToolError,
    VisionClient,
    read_picture,
)
from visgate_client._core import ToolCall

FULL = "Exceeds maximum queue size"
REFUSED = "failed to connect to all addresses; last error: Connection refused"


def test_a_call_sends_what_was_given_and_returns_what_came(client: Any, triton: Any, picture: np.ndarray) -> None:
    result = client.call("blend", image=picture, strength=1, style="hard", tile=False, note="n")
    sent = triton.inputs(triton.last("ModelInfer"))
    np.testing.assert_array_equal(sent.pop("IMAGE"), picture[np.newaxis])
    assert sent == {"STRENGTH": 1.0, "STEPS": 3, "STYLE": "hard", "TILE": False, "NOTE": "n", "OPERATION": "blend"}
    assert result.tool == "blend"
    assert result.text == "blended: ½"
    assert result.data == {"size": [160, 120]}
    np.testing.assert_array_equal(result.arrays["picture"], 255 - picture)
    np.testing.assert_array_equal(result.arrays["mask"], picture[:, :, 0] > 127)
    assert result.times.total_ms > 0
    assert result.times.compute_ms == 2.5
    assert result.times.batch_size == 4
    assert result.times.cached is False


def test_the_outputs_of_the_tool_are_asked_for_and_no_others(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.call("blend", image=picture)
    wanted = [item.name for item in triton.last("ModelInfer").outputs]
    assert wanted == ["PICTURE", "MASK", "TEXT", "DATA", "TIMES"]


def test_a_result_is_the_next_calls_picture(client: Any, picture: np.ndarray) -> None:
    first = client.call("blend", image=picture)
    for given in (first.image, first.arrays["picture"]):
        np.testing.assert_array_equal(client.call("blend", image=given).arrays["picture"], picture)
    mask = client.call("blend", image=first.arrays["mask"]).arrays["picture"]
    np.testing.assert_array_equal(mask[:, :, 0], 255 - first.arrays["mask"])


def test_pictures_are_read_from_files_and_images(client: Any, picture: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(picture).save(tmp_path / "p.png")
    for given in (tmp_path / "p.png", (tmp_path / "p.png").read_bytes(), Image.fromarray(picture)):
        np.testing.assert_array_equal(client.call("blend", image=given).arrays["picture"], 255 - picture)
    with pytest.raises(PictureFileError, match=r"arguments\.image"):
        client.call("blend", image=tmp_path / "absent.png")


def test_arguments_in_a_mapping_can_have_any_name(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.call("blend", {"image": picture, "strength": 0.125}, strength=0.5)
    assert triton.inputs(triton.last("ModelInfer"))["STRENGTH"] == 0.5
    for name in ("timeout", "tool", "name", "self", "arguments"):
        with pytest.raises(ArgumentError, match=f"arguments.{name}"):
            client.call("blend", {"image": picture, name: 3})


def test_a_wrong_argument_sends_nothing(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.tools()
    before = len(triton.sent)
    for arguments in ({}, {"image": picture, "strength": 2}, {"image": picture, "extra": 1}, {"image": b""}):
        with pytest.raises(ArgumentError):
            client.call("blend", **arguments)
    assert len(triton.sent) == before


def test_scalars_are_checked_before_a_picture_is_read(client: Any) -> None:
    with pytest.raises(ArgumentError, match="strength") as error:
        client.call("blend", image="no such file", strength=7)
    assert not isinstance(error.value, PictureFileError | PictureFormatError)


# --- tools ---


def test_tools_are_read_once_and_again_when_asked(client: Any, triton: Any) -> None:
    assert [tool.name for tool in client.tools()] == ["blend"]
    client.tools()
    assert triton.methods().count("RepositoryIndex") == 1
    triton.tools["second"] = [triton.tools["mixer"][0] | {"name": "melt"}]
    assert [tool.name for tool in client.tools()] == ["blend"]
    assert [tool.name for tool in client.tools(refresh=True)] == ["blend", "melt"]
    assert triton.last("RepositoryIndex").ready


def test_a_call_makes_one_request_once_the_tools_are_known(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.call("blend", image=picture)
    triton.sent.clear()
    client.call("blend", image=picture)
    assert triton.methods() == ["ModelInfer"]


def test_an_unknown_tool_is_looked_for_once_more(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.tools()
    triton.tools["second"] = [triton.tools["mixer"][0] | {"name": "melt"}]
    assert client.call("melt", image=picture).tool == "melt"
    assert triton.last("ModelInfer").model_name == "second"


def test_a_tool_that_nobody_offers_gets_near_names(client: Any, triton: Any, picture: np.ndarray) -> None:
    with pytest.raises(UnknownToolError, match=r"'blent'.*did you mean blend") as error:
        client.call("blent", image=picture)
    assert (error.value.name, error.value.near) == ("blent", ("blend",))
    assert triton.methods().count("RepositoryIndex") == 1
    with pytest.raises(UnknownToolError, match="there are: blend") as error:
        client.call("xyz", image=picture)
    assert error.value.near == ()
    assert "ModelInfer" not in triton.methods()


def test_a_tool_that_moved_to_another_model_is_found_there(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.tools()
    triton.tools["blender"] = triton.tools.pop("mixer")
    triton.fail("ModelInfer", "NOT_FOUND", "Request for unknown model: 'mixer' is not found")
    np.testing.assert_array_equal(client.call("blend", image=picture).arrays["picture"], 255 - picture)
    assert triton.last("ModelInfer").model_name == "blender"


def test_tools_are_read_anew_after_the_server_went_away(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.tools()
    triton.fail("ModelInfer", "UNAVAILABLE", "Stream removed (Socket closed)")
    with pytest.raises(ServerLostError):
        client.call("blend", image=picture)
    client.call("blend", image=picture)
    assert triton.methods().count("RepositoryIndex") == 2


def test_a_model_that_is_unloaded_meanwhile_is_passed_over(client: Any, triton: Any) -> None:
    triton.tools["aaa"] = [triton.tools["mixer"][0] | {"name": "gone"}]
    triton.fail("ModelConfig", "NOT_FOUND", "Request for unknown model: 'aaa' is not found")
    assert [tool.name for tool in client.tools()] == ["blend"]


# --- a connection that breaks ---

BROKEN = "Stream removed (Socket closed)"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that clients paused for, which then take no time."""
    paused: list[float] = []
    really_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds:
            paused.append(seconds)
        await really_sleep(0)

    monkeypatch.setattr("visgate_client._steps.time.sleep", paused.append)
    monkeypatch.setattr("visgate_client._steps.asyncio.sleep", sleep)
    return paused


def test_a_question_is_asked_again_until_grpc_has_seen_that_the_server_is_gone(
    client: Any, triton: Any, pauses: list[float]
) -> None:
    for details in (BROKEN, BROKEN, REFUSED):
        triton.fail("RepositoryIndex", "UNAVAILABLE", details)
    with pytest.raises(ConnectError):
        client.tools()
    assert triton.methods() == ["RepositoryIndex"] * 3
    assert len(pauses) == 2


def test_a_question_whose_connection_broke_is_answered_by_the_next_server(
    client: Any, triton: Any, pauses: list[float]
) -> None:
    triton.fail("ServerReady", "UNAVAILABLE", BROKEN)
    assert client.is_ready() is True


def test_connections_that_break_again_and_again_are_an_error_in_the_end(
    client: Any, triton: Any, pauses: list[float]
) -> None:
    for _ in range(20):
        triton.fail("RepositoryIndex", "UNAVAILABLE", BROKEN)
        triton.fail("ServerReady", "UNAVAILABLE", BROKEN)
    with pytest.raises(ServerLostError):
        client.tools()
    assert client.is_ready() is False
    assert triton.methods().count("RepositoryIndex") == triton.methods().count("ServerReady") == 4
    assert sum(pauses) < 2 * 2


def test_a_question_is_asked_again_only_while_there_is_time(client: Any, triton: Any, pauses: list[float]) -> None:
    for _ in range(20):
        triton.fail("RepositoryIndex", "UNAVAILABLE", BROKEN)
    with pytest.raises(ServerLostError):
        client.tools(timeout=0.05)
    assert all(pause < 0.05 for pause in pauses)


def test_a_call_that_may_have_run_is_not_made_again(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.tools()
    triton.fail("ModelInfer", "UNAVAILABLE", BROKEN)
    with pytest.raises(ServerLostError):
        client.call("blend", image=picture)
    assert triton.methods().count("ModelInfer") == 1


# --- time ---


def test_the_deadline_is_in_seconds_for_grpc_and_microseconds_for_the_queue(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray
) -> None:
    client = make_client(timeout=30, shared_memory=False)
    for given, expected in ((None, 30), (5, 5)):
        client.call("blend", image=picture, timeout=given)
        method, request, seconds = triton.sent[-1]
        assert method == "ModelInfer"
        assert expected - 2 < seconds <= expected
        assert request.parameters["timeout"].int64_param == pytest.approx(seconds * 1e6, abs=50_000)


def test_no_limit_is_no_deadline(client: Any, triton: Any, picture: np.ndarray) -> None:
    client.call("blend", image=picture, timeout=math.inf)
    _, request, seconds = triton.sent[-1]
    assert seconds is None
    assert "timeout" not in request.parameters


def test_all_requests_of_a_call_share_its_time(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("visgate_client._core.time.monotonic", lambda: clock[0])
    read_config = triton.ModelConfig

    def slow_config(request: Any) -> Any:
        clock[0] += 2
        return read_config(request)

    triton.tools["other"] = []
    triton.ModelConfig = slow_config
    with pytest.raises(DeadlineError, match=r"within 3 s"):
        client.call("blend", image=picture, timeout=3)
    assert [seconds for _, _, seconds in triton.sent] == [3, 3, 1]
    assert triton.methods() == ["RepositoryIndex", "ModelConfig", "ModelConfig"]


def test_a_call_whose_time_is_over_before_it_is_sent_is_not_sent(
    client: Any, triton: Any, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("visgate_client._core.time.monotonic", lambda: clock[0])

    def slow_read(*args: Any, **options: Any) -> np.ndarray:
        clock[0] += 4
        return read_picture(*args, **options)

    monkeypatch.setattr("visgate_client._encoding.read_picture", slow_read)
    with pytest.raises(DeadlineError, match="within 3 s"):
        client.call("blend", image=picture, timeout=3)
    assert "ModelInfer" not in triton.methods()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5"])
def test_a_timeout_that_is_no_time_is_refused(make_client: Callable[..., Any], client: Any, timeout: Any) -> None:
    with pytest.raises(ArgumentError, match="timeout"):
        client.tools(timeout=timeout)
    with pytest.raises(ArgumentError, match="timeout"):
        make_client(timeout=timeout)


@pytest.mark.parametrize(("server", "near"), [("localhost:8001", True), ("gpu.example:8001", False)])
def test_times_are_compared_with_the_servers_on_one_host_only(
    make_client: Callable[..., Any], triton: Any, picture: np.ndarray, server: str, near: bool
) -> None:
    times = make_client(server).call("blend", image=picture).times
    assert (times.queue_ms is not None) == near
    assert (times.cached is not None) == near
    triton.lag_ns = -10_000_000_000
    times = make_client(server).call("blend", image=picture).times
    assert (times.cached, times.compute_ms) == ((True, 0.0) if near else (None, 2.5))


# --- other calls ---


def test_infer_sends_arrays_as_they_are_and_returns_all_outputs(client: Any, triton: Any, picture: np.ndarray) -> None:
    outputs = client.infer("anything", {"IMAGE": picture[np.newaxis]})
    assert triton.last("ModelInfer").model_name == "anything"
    assert not triton.last("ModelInfer").outputs
    assert set(outputs) == {"PICTURE", "MASK", "TEXT", "DATA", "TIMES"}
    np.testing.assert_array_equal(outputs["PICTURE"], 255 - picture[np.newaxis])
    assert outputs["TEXT"].tolist() == [["blended: ½".encode()]]
    assert triton.methods() == ["ModelInfer"]


def test_statistics_are_summed_over_versions(client: Any) -> None:
    statistics = client.statistics("mixer")
    assert statistics.model == "mixer"
    assert (statistics.inference_count, statistics.execution_count, statistics.mean_batch) == (12, 4, 3.0)
    assert (statistics.success_count, statistics.failure_count, statistics.cache_hit_count) == (10, 2, 4)
    assert (statistics.mean_queue_ms, statistics.mean_compute_ms) == (2.0, 5.0)


def test_statistics_of_a_model_that_does_not_exist(client: Any, triton: Any) -> None:
    triton.fail("ModelStatistics", "INVALID_ARGUMENT", "requested model 'nope' is not available")
    with pytest.raises(UnknownModelError) as error:
        client.statistics("nope")
    assert error.value.model == "nope"


def test_readiness_is_a_yes_or_no(client: Any, triton: Any) -> None:
    assert client.is_ready() is True
    for code, details in (("UNAVAILABLE", REFUSED), ("DEADLINE_EXCEEDED", "x"), ("UNAVAILABLE", FULL)):
        triton.fail("ServerReady", code, details)
        assert client.is_ready() is False
    triton.ServerReady = lambda request: service_pb2.ServerReadyResponse(ready=False)
    assert client.is_ready() is False


# --- life ---


def test_a_closed_client_says_so(make_client: Callable[..., Any], triton: Any, picture: np.ndarray) -> None:
    client = make_client()
    client.call("blend", image=picture)
    core = client._core if isinstance(client, VisionClient) else client._client._core
    client.close()
    assert triton.closed
    with pytest.raises(ClientStateError, match="closed"):
        next(core.call(ToolCall("blend", {})))


def test_a_client_is_closed_by_its_block(triton: Any) -> None:
    with VisionClient(transport=triton) as client:
        client.tools()
    assert triton.closed
    with pytest.raises(ClientStateError):
        client.tools()
    client.close()


def test_the_address_is_checked_when_the_client_is_made() -> None:
    for kind in (VisionClient, AsyncVisionClient):
        with pytest.raises(ArgumentError, match="HOST:PORT"):
            kind("http://localhost:8001")


def test_files_are_read_off_the_event_loop(
    make_client: Callable[..., Any], picture: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blocking client reads on the caller's thread, an asyncio one on another; arrays need no reading."""
    from visgate_client import _encoding

    readers = []

    def noting_read(*args: Any, **options: Any) -> np.ndarray:
        readers.append(threading.current_thread())
        return read_picture(*args, **options)

    monkeypatch.setattr(_encoding, "read_picture", noting_read)
    Image.fromarray(picture).save(tmp_path / "p.png")
    client = make_client(shared_memory=False)
    client.call("blend", image=tmp_path / "p.png")
    client.call("blend", image=picture)
    here = threading.current_thread()
    assert (readers[0] is here) == isinstance(client, VisionClient)
    assert readers[1] is here


def test_where_nobody_listens_the_first_call_says_so() -> None:
    with VisionClient("localhost:1") as client, pytest.raises(ConnectError, match="localhost:1 "):
        client.tools(timeout=5)


def test_a_client_shows_its_address() -> None:
    with VisionClient("localhost:9") as client:
        assert "localhost:9" in repr(client)
    assert "localhost:9" in repr(AsyncVisionClient("localhost:9"))
