"""upscale_image enlarges four times, keeps what the picture shows, and leaves no seams between tiles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from served_models import REPOSITORY, ask, open_model, outputs, photo, replies, request

from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.models import upscale_image
from visgate_server.networks import open_network


def test_the_large_picture_shown_small_is_the_picture_given() -> None:
    image = photo("astronaut")[40:140, 150:290]
    reply = ask("upscale_image", np.ascontiguousarray(image))
    large = reply.pictures["PICTURE"]
    assert large.shape == (400, 560, 3)
    small = cv2.resize(large, (140, 100), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - image).mean() < 4
    assert reply.data == {"width": 560, "height": 400, "factor": 4}
    assert reply.text == "Enlarged from 140 × 100 to 560 × 400 pixels."


def test_edges_are_sharper_than_interpolated_ones() -> None:
    image = np.ascontiguousarray(photo("coffee")[20:90, 210:330])
    large = ask("upscale_image", image).pictures["PICTURE"]
    plain = cv2.resize(image, (480, 280), interpolation=cv2.INTER_CUBIC)
    assert cv2.Laplacian(large, cv2.CV_32F).std() > 1.5 * cv2.Laplacian(plain, cv2.CV_32F).std()


def test_tiles_together_equal_the_whole_picture_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.ascontiguousarray(photo("astronaut")[:150, 100:270])
    whole = open_network(REPOSITORY / "upscale_image" / "1" / "realesrgan.onnx").run({"image": image[None]})
    monkeypatch.setattr(upscale_image, "TILE_SIDE", 80)
    tiled = ask("upscale_image", image).pictures["PICTURE"]
    assert np.abs(tiled.astype(int) - whole["picture"][0]).max() <= 1


def test_a_smaller_overlap_would_show_so_the_radius_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.ascontiguousarray(photo("astronaut")[:150, 100:270])
    whole = ask("upscale_image", image).pictures["PICTURE"].astype(int)
    monkeypatch.setattr(upscale_image, "TILE_SIDE", 80)
    monkeypatch.setattr(upscale_image, "RECEPTIVE_RADIUS", 2)
    assert np.abs(ask("upscale_image", image).pictures["PICTURE"] - whole).max() > 4


def test_a_batch_answers_as_its_rows_do_alone() -> None:
    images = [np.ascontiguousarray(photo(name)[:40, :50]) for name in ("astronaut", "chelsea", "coffee")]
    other = np.ascontiguousarray(photo("rocket")[:30, :30])
    requests = [*(request(image) for image in images), request(other)]
    answers = answer_requests(open_model("upscale_image"), requests)
    assert [int(outputs(answer)["TIMES"][0, 2]) for answer in answers] == [3, 3, 3, 1]
    for image, answer in zip([*images, other], answers, strict=True):
        [together], alone = replies(answer), ask("upscale_image", image)
        difference = together.pictures["PICTURE"].astype(int) - alone.pictures["PICTURE"]
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000)])
def test_any_size_is_answered_four_times_as_large(size: tuple[int, int]) -> None:
    large = ask("upscale_image", np.full((*size, 3), 200, np.uint8)).pictures["PICTURE"]
    assert large.shape == (4 * size[0], 4 * size[1], 3)
    assert np.abs(np.median(large.astype(int)) - 200) < 12


def test_a_picture_that_would_take_too_long_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidArgumentError, match=str(640 * 640)):
        ask("upscale_image", np.zeros((641, 640, 3), np.uint8))
