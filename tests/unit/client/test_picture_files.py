"""Pictures that travel as files: what is sent, what comes back, and what happens where a model takes none."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from visgate_client import (
    ArgumentError,
    AsyncVisionClient,
    PictureFileError,
    PictureFormatError,
    PictureTooLargeError,
    Progress,
    ServerError,
    ToolResult,
    VisionClient,
    read_picture,
)
from visgate_client._picture_files import PicturePacking, pack_picture

from .conftest import MakeClient, MemoryTriton, streaming_tool_entry, tool_entry

SMOOTH = np.asarray(Image.fromarray(np.random.default_rng(2).integers(0, 256, (6, 8, 3), np.uint8)).resize((96, 72)))
MASK = (SMOOTH[..., 0] > 127).astype(np.uint8) * 255


def file(pixels: np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def packed(value: Any, kind: str = "jpeg", quality: int = 90, *, exact: bool = False, most: int = 1 << 20) -> bytes:
    packing = PicturePacking(kind, quality)  # type: ignore[arg-type]
    return pack_picture(value, packing, exact=exact, path="arguments.image", max_pixels=most)


# --- packing ---


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_a_photo_is_packed_with_a_little_loss(kind: str) -> None:
    for value in (SMOOTH, Image.fromarray(SMOOTH), file(SMOOTH, "PNG"), file(SMOOTH, "BMP")):
        content = packed(value, kind)
        assert opened(content).format == kind.upper()
        assert len(content) < SMOOTH.nbytes / 5
        assert np.abs(np.asarray(opened(content)).astype(int) - SMOOTH).mean() < 4
    assert len(packed(SMOOTH, kind, 95)) > 1.5 * len(packed(SMOOTH, kind, 20))


@pytest.mark.parametrize(("kind", "made"), [("jpeg", "PNG"), ("webp", "WEBP")])
def test_what_must_be_exact_is_packed_without_loss(kind: str, made: str) -> None:
    for value in (SMOOTH, MASK, MASK > 0, file(SMOOTH, "BMP"), np.dstack([SMOOTH, MASK])):
        content = packed(value, kind, exact=True)
        assert opened(content).format == made
        np.testing.assert_array_equal(read_picture(content), read_picture(value))
    assert opened(packed(MASK, "jpeg", exact=True)).mode == "L", "grey is packed as one channel"


@pytest.mark.parametrize("as_file", [False, True], ids=["bytes", "path"])
def test_a_file_that_is_packed_already_goes_as_it_is(as_file: bool, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = [file(SMOOTH, "JPEG", exif=exif), file(SMOOTH, "WEBP"), file(SMOOTH, "WEBP", lossless=True)]
    for number, content in enumerate(contents):
        path = tmp_path / str(number)
        path.write_bytes(content)
        for kind in ("jpeg", "webp"):
            assert packed(path if as_file else content, kind) == content
            assert packed(path if as_file else bytearray(content), kind, exact=True) == content
    png = file(SMOOTH, "PNG")
    assert packed(png, exact=True) == png
    assert len(packed(png)) < len(png) / 2


def test_what_cannot_be_packed_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureTooLargeError, match=r"arguments\.image.*96 × 72"):
        packed(file(SMOOTH, "JPEG"), most=96 * 72 - 1)
    with pytest.raises(PictureTooLargeError):
        packed(SMOOTH, most=96 * 72 - 1)
    assert packed(file(SMOOTH, "JPEG"), most=96 * 72)
    with pytest.raises(PictureFormatError, match="0 bytes"):
        packed(b"")
    with pytest.raises(PictureFormatError, match="not a picture"):
        packed(b"no picture at all")
    with pytest.raises(PictureFileError, match="absent"):
        packed(tmp_path / "absent.jpg")


def test_a_picture_longer_than_webp_has_room_for_is_a_png() -> None:
    assert opened(packed(np.zeros((2, 16_384, 3), np.uint8), "webp")).format == "PNG"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pictures": "gif"}, "pictures: 'gif'.*raw, jpeg, webp"),
        ({"pictures": "jpeg", "picture_quality": 0}, "picture_quality.*from 1 to 100"),
        ({"picture_quality": 101}, "picture_quality"),
        ({"picture_quality": 85.5}, "picture_quality"),
    ],
)
def test_options_that_are_none_are_refused_at_once(options: dict[str, Any], words: str) -> None:
    for face in (VisionClient, AsyncVisionClient):
        with pytest.raises(ArgumentError, match=words):
            face("localhost:1", **options)


# --- calls ---


def with_files(entry: dict[str, Any]) -> dict[str, Any]:
    """A tool's entry whose pictures can travel as files."""
    for item in entry["inputs"]:
        if item["datatype"] == "UINT8":
            item["file_tensor"] = item["tensor"] + "_FILE"
    for item in entry["outputs"]:
        if item["kind"] in ("picture", "preview"):
            item |= {"file_tensor": item["tensor"] + "_FILE", "channels": 1 if item["tensor"] == "MASK" else 3}
    return entry | {"picture_format_tensor": "PICTURE_FORMAT"}


def raw_values(request: Any) -> dict[str, bytes]:
    """The bytes of a request's inputs, BYTES without their length."""
    sent = zip(request.inputs, request.raw_input_contents, strict=True)
    return {item.name: content[4:] if item.datatype == "BYTES" else content for item, content in sent}


def text(value: bytes) -> np.ndarray:
    return np.array([[value]], dtype=np.object_)


class FileTriton:
    """Answers with files where a request asks for them."""

    def __init__(self, triton: MemoryTriton) -> None:
        self.triton = triton
        self.mask = file(MASK, "WEBP", lossless=True)
        triton.tools = {"mixer": [with_files(tool_entry())]}
        triton.outputs = self.answer

    def answer(self, request: Any) -> dict[str, np.ndarray]:
        given = raw_values(request)
        assert given["PICTURE_FORMAT"] == b"webp:70"
        seen = np.asarray(opened(given["IMAGE_FILE"]))
        return {
            "PICTURE_FILE": text(file(255 - seen, "WEBP", lossless=True)),
            "MASK_FILE": text(self.mask),
            "TEXT": text(b"blended"),
            "DATA": text(b"{}"),
            "TIMES": np.array([[1, 2, 1]], np.int64),
        }


@pytest.fixture
def files(triton: MemoryTriton) -> FileTriton:
    return FileTriton(triton)


def test_pictures_go_and_come_as_files(make_client: MakeClient, triton: MemoryTriton, files: FileTriton) -> None:
    client = make_client(pictures="webp", picture_quality=70)
    given = file(SMOOTH, "JPEG")
    result = client.call("blend", image=given)
    sent = raw_values(triton.last("ModelInfer"))
    assert sent["IMAGE_FILE"] == given
    assert "IMAGE" not in sent
    assert [item.name for item in triton.last("ModelInfer").outputs] == [
        "PICTURE_FILE",
        "MASK_FILE",
        "TEXT",
        "DATA",
        "TIMES",
    ]
    np.testing.assert_array_equal(result.arrays["picture"], 255 - np.asarray(opened(given)))
    np.testing.assert_array_equal(result.arrays["mask"], MASK)
    assert result.arrays["mask"].ndim == 2
    assert list(result.arrays) == ["picture", "mask"]
    assert not any(array.flags.writeable for array in result.arrays.values())
    assert result.image is not None
    assert "SystemSharedMemoryRegister" not in triton.methods()


def test_raw_is_the_default_though_files_would_be_taken(make_client: MakeClient, triton: MemoryTriton) -> None:
    triton.tools = {"mixer": [with_files(tool_entry())]}
    make_client(shared_memory=False).call("blend", image=SMOOTH)
    sent = triton.last("ModelInfer")
    assert {"IMAGE_FILE", "PICTURE_FORMAT"}.isdisjoint(item.name for item in sent.inputs)
    assert raw_values(sent)["IMAGE"] == SMOOTH.tobytes()
    assert [item.name for item in sent.outputs] == ["PICTURE", "MASK", "TEXT", "DATA", "TIMES"]


def test_a_picture_without_bytes_is_left_out(make_client: MakeClient, files: FileTriton) -> None:
    files.mask = b""
    assert list(make_client(pictures="webp", picture_quality=70).call("blend", image=SMOOTH).arrays) == ["picture"]


def test_a_file_that_is_none_is_the_models_fault(make_client: MakeClient, files: FileTriton) -> None:
    files.mask = b"rubbish"
    with pytest.raises(ServerError, match="MASK_FILE is no picture's file"):
        make_client(pictures="webp", picture_quality=70).call("blend", image=SMOOTH)


def test_an_input_that_is_a_mask_keeps_its_values(
    make_client: MakeClient, triton: MemoryTriton, files: FileTriton
) -> None:
    triton.tools["mixer"][0]["inputs"][0]["exact"] = True  # type: ignore[index]
    make_client(pictures="webp", picture_quality=70).call("blend", image=SMOOTH)
    np.testing.assert_array_equal(read_picture(raw_values(triton.last("ModelInfer"))["IMAGE_FILE"]), SMOOTH)


def test_a_model_that_takes_no_files_gets_pixels_and_the_log_says_so_once(
    make_client: MakeClient, triton: MemoryTriton, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(pictures="jpeg", shared_memory=False)
    with caplog.at_level(logging.WARNING, logger="visgate_client"):
        for _ in range(3):
            result = client.call("blend", image=SMOOTH)
    np.testing.assert_array_equal(result.arrays["picture"], 255 - SMOOTH)
    assert len([record for record in caplog.records if "takes no files" in record.message]) == 1


def test_a_stream_shows_previews_out_of_files(make_client: MakeClient, triton: MemoryTriton) -> None:
    triton.tools = {"painter": [with_files(streaming_tool_entry())]}

    def draw(request: Any) -> Iterator[dict[str, np.ndarray]]:
        asked = {item.name for item in request.outputs}
        assert {"PICTURE_FILE", "PREVIEW_FILE"} <= asked
        assert asked.isdisjoint({"PICTURE", "PREVIEW"})
        yield {"PROGRESS": np.array([[1, 2]], np.int32)}
        yield {"PROGRESS": np.array([[2, 2]], np.int32), "PREVIEW_FILE": text(file(SMOOTH[:8, :8], "PNG"))}
        yield {
            "PICTURE_FILE": text(file(SMOOTH, "PNG")),
            "TEXT": text(b"drew"),
            "DATA": text(b"{}"),
            "TIMES": np.array([[1, 2, 1]], np.int64),
        }

    triton.drawing = draw
    first, second, result = make_client(pictures="jpeg").stream("draw", prompt="a cat")
    assert isinstance(first, Progress)
    assert first.preview is None
    assert isinstance(second, Progress)
    np.testing.assert_array_equal(second.preview, SMOOTH[:8, :8])
    assert isinstance(result, ToolResult)
    np.testing.assert_array_equal(result.arrays["picture"], SMOOTH)
