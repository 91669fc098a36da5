"""Pictures as files on the real server: the same answers for a tenth of the bytes, and exact where values matter."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import tritonclient.grpc as stock
from PIL import Image
from tritonclient.utils import InferenceServerException

from visgate_client import ArgumentError, AsyncVisionClient, Progress, ToolResult, VisionClient, read_picture
from visgate_client._address import parse_addresses
from visgate_client._channel import Connection, GrpcTransport

PHOTO = skimage.data.astronaut()
DRAWING = {"prompt": "a cat on a yellow background", "steps": 5, "seed": 3, "enlarge": False}


def jpeg(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=90)
    return stream.getvalue()


class CountingTransport(GrpcTransport):
    """Counts the bytes of requests and responses."""

    def __init__(self, server: str) -> None:
        super().__init__(Connection(parse_addresses(server)))
        self.sent = self.received = 0

    def send(self, rpc: Any) -> Any:
        response = super().send(rpc)
        if rpc.method == "ModelInfer":
            self.sent += rpc.request.ByteSize()
            self.received += response.ByteSize()
        return response


@pytest.mark.parametrize(("kind", "fewer_back"), [("jpeg", 8), ("webp", 15)])
def test_edges_of_a_photo_are_exact_for_a_tenth_of_the_bytes(server, kind: str, fewer_back: int) -> None:
    given = jpeg(PHOTO)
    edges = cv2.Canny(read_picture(given), 100, 200)
    link = CountingTransport(server.address)
    with VisionClient(server.address, pictures=kind, transport=link) as client:
        result = client.call("detect_edges", image=given)
        np.testing.assert_array_equal(result.arrays["edges"], edges)
    assert link.sent < PHOTO.nbytes / 10
    assert link.received < edges.nbytes / fewer_back


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_what_is_found_in_a_packed_photo_is_what_is_in_it(server, client: VisionClient, kind: str) -> None:
    raw = client.call("detect_objects", image=PHOTO)
    link = CountingTransport(server.address)
    with VisionClient(server.address, pictures=kind, transport=link) as thin:
        packed = thin.call("detect_objects", image=PHOTO)
    assert [found["label"] for found in packed.data["objects"]] == [found["label"] for found in raw.data["objects"]]
    for found, expected in zip(packed.data["objects"], raw.data["objects"], strict=True):
        np.testing.assert_allclose(found["box"], expected["box"], atol=12)
    difference = packed.arrays["picture"].astype(int) - raw.arrays["picture"]
    assert np.abs(difference).mean() < 5
    assert link.sent < PHOTO.nbytes / 9
    assert link.received < PHOTO.nbytes / 9


def test_a_depth_map_of_three_channels_is_exact(client: VisionClient, server) -> None:
    given = jpeg(PHOTO)
    raw = client.call("estimate_depth", image=given)
    with VisionClient(server.address, pictures="webp") as thin:
        packed = thin.call("estimate_depth", image=given)
    np.testing.assert_array_equal(packed.arrays["depth"], raw.arrays["depth"])


async def test_a_drawing_is_watched_and_changed_over_a_thin_link(server, client: VisionClient) -> None:
    raw = client.call("generate_image", DRAWING)
    async with AsyncVisionClient(server.address, pictures="webp") as thin:
        *progress, result = [item async for item in thin.stream("generate_image", DRAWING)]
        assert all(isinstance(item, Progress) for item in progress)
        previews = [item.preview for item in progress if item.preview is not None]
        assert [preview.shape for preview in previews] == [(64, 64, 3)]
        assert isinstance(result, ToolResult)
        packed, expected = result.arrays["picture"].astype(int), raw.arrays["picture"].astype(int)
        assert np.abs(packed - expected).mean() < 8
        # A chain of models inside the server: the finder's mask comes back as it was made.
        removing = {"image": raw.arrays["picture"], "object": "cat", "steps": 1, "seed": 4}
        removed = await thin.call("remove_object", removing)
    assert set(np.unique(removed.arrays["mask"])) <= {0, 255}
    assert removed.arrays["picture"].shape == raw.arrays["picture"].shape


def test_a_broken_file_is_refused_by_the_server(server) -> None:
    with VisionClient(server.address, pictures="jpeg") as thin:
        with pytest.raises(ArgumentError, match="IMAGE_FILE is truncated or damaged"):
            thin.call("detect_edges", image=jpeg(PHOTO)[:3000])
        assert thin.call("detect_edges", image=PHOTO).text


# --- by the protocol alone ---


def tensor(name: str, value: np.ndarray) -> stock.InferInput:
    made = stock.InferInput(name, list(value.shape), "UINT8" if value.dtype == np.uint8 else "BYTES")
    made.set_data_from_numpy(value)
    return made


def text(value: bytes) -> np.ndarray:
    return np.array([[value]], np.object_)


def outputs(answer: stock.InferResult) -> set[str]:
    return {output.name for output in answer.get_response().outputs}


def test_the_protocol_alone_takes_and_gives_files(server) -> None:
    given = jpeg(PHOTO)
    edges = cv2.Canny(read_picture(given), 100, 200)
    with stock.InferenceServerClient(server.address) as triton:
        raw = triton.infer("detect_edges", [tensor("IMAGE_FILE", text(given))])
        assert outputs(raw) == {"EDGES", "TEXT", "DATA", "TIMES"}
        np.testing.assert_array_equal(raw.as_numpy("EDGES")[0, :, :, 0], edges)
        wanted = [tensor("IMAGE_FILE", text(given)), tensor("PICTURE_FORMAT", text(b"jpeg"))]
        packed = triton.infer("detect_edges", wanted)
        assert outputs(packed) == {"EDGES_FILE", "TEXT", "DATA", "TIMES"}
        image = Image.open(io.BytesIO(packed.as_numpy("EDGES_FILE")[0, 0]))
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), edges)
        for inputs, asked, words in (
            (wanted[:1], "EDGES_FILE", "send PICTURE_FORMAT"),
            (wanted, "EDGES", "ask for EDGES_FILE"),
            ([tensor("IMAGE", PHOTO[None]), wanted[0]], "TEXT", "one picture"),
        ):
            with pytest.raises(InferenceServerException, match=words) as refusal:
                triton.infer("detect_edges", inputs, outputs=[stock.InferRequestedOutput(asked)])
            assert refusal.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_the_cache_keeps_pixels_and_files_apart(server) -> None:
    photo = tensor("IMAGE", np.ascontiguousarray(skimage.data.coffee()[:300, :400])[None])
    with stock.InferenceServerClient(server.address) as triton:
        for _ in range(2):
            assert "PICTURE" in outputs(triton.infer("detect_objects", [photo]))
            packed = triton.infer("detect_objects", [photo, tensor("PICTURE_FORMAT", text(b"webp:50"))])
            assert "PICTURE_FILE" in outputs(packed)
            assert "PICTURE" not in outputs(packed)
