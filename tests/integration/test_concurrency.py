"""Many callers at once: Triton puts their requests together, and everybody gets the answer that is theirs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import skimage.data

from visgate_client import ModelStatistics, VisionClient

CALLERS = 32


def photos() -> list[np.ndarray]:
    """Cuttings of different places and sizes, so that neither the cache nor one shape makes it easy."""
    astronaut = skimage.data.astronaut()
    return [
        np.ascontiguousarray(astronaut[start : start + 400 + 10 * (start % 3), : 480 - start])
        for start in range(CALLERS)
    ]


@pytest.mark.parametrize("tool", ["detect_faces", "classify_image"])
def test_concurrent_callers_share_batches_and_get_what_a_single_call_gets(
    client: VisionClient, settled: Callable[[VisionClient, str], ModelStatistics], tool: str
) -> None:
    pictures = photos()
    (model,) = {offered.model for offered in client.tools() if offered.name == tool}
    before = settled(client, model)
    with ThreadPoolExecutor(CALLERS) as threads:
        together = list(threads.map(lambda picture: client.call(tool, image=picture), pictures))
    after = settled_statistics(client, model, before.inference_count + CALLERS)
    requests = after.inference_count - before.inference_count
    executions = after.execution_count - before.execution_count
    assert requests == CALLERS
    assert requests / executions > 1, f"{requests} requests took {executions} executions"
    assert max(result.times.batch_size for result in together) > 1

    # One pixel is changed so that nothing that remembers a picture can answer in the network's place.
    for picture, result in list(zip(pictures, together, strict=True))[::5]:
        alone = client.call(
            tool, image=picture + (np.arange(picture.size) == 0).reshape(picture.shape).astype(np.uint8)
        )
        assert_alike(alone.data, result.data)


def settled_statistics(client: VisionClient, model: str, inferences: int) -> ModelStatistics:
    """Triton counts a request a moment after it has answered it; this waits until all are counted."""
    for _ in range(300):
        statistics = client.statistics(model)
        if statistics.inference_count >= inferences:
            break
        time.sleep(0.1)
    return statistics


def assert_alike(one: object, other: object) -> None:
    """Equal but for the last digits of a float: a batch's sums run in another order."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_alike(value, other[key])
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_alike(left, right)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=0.02, abs=0.02)
    elif isinstance(one, int) and not isinstance(one, bool):
        assert one == pytest.approx(other, abs=2)
    else:
        assert one == other
