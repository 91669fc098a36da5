"""Pictures come as files and go as files: the same pixels as raw ones, and nothing that a bad file can do harm with."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sample_models import Brighten
from sample_stream_model import Counting
from stream_caller import Caller

from visgate_client import read_picture
from visgate_server.batching import answer_requests
from visgate_server.errors import InvalidArgumentError
from visgate_server.model_spec import ModelSpec
from visgate_server.picture_decoding import decode_picture
from visgate_server.picture_encoding import PictureFormat, missing_output, with_pictures_as
from visgate_server.stream_server import StreamServer
from visgate_server.tool_spec import PictureOutput, ToolSpec

RNG = np.random.default_rng(5)
RGB = np.asarray(Image.fromarray(RNG.integers(0, 256, (6, 9, 3), np.uint8)).resize((45, 30), Image.Resampling.BICUBIC))
PLENTY = 1 << 20


def file(image: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def odd_files() -> Iterator[tuple[str, bytes]]:
    image = Image.fromarray(RGB)
    alpha = Image.fromarray(np.dstack([RGB, RNG.integers(0, 256, RGB.shape[:2], np.uint8)]))
    grey = image.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257 + 100)
    yield "JPEG", file(image, "JPEG")
    yield "progressive JPEG", file(image, "JPEG", progressive=True)
    yield "grey JPEG", file(grey, "JPEG")
    yield "CMYK JPEG", file(image.convert("CMYK"), "JPEG")
    yield "JPEG with damaged EXIF", file(image, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    for orientation in range(1, 10):
        yield f"JPEG turned {orientation}", file(image, "JPEG", exif=turned(orientation))
    yield "PNG turned 6", file(image, "PNG", exif=turned(6))
    yield "WebP turned 8", file(image, "WEBP", lossless=True, exif=turned(8))
    yield "PNG", file(image, "PNG")
    yield "PNG with alpha", file(alpha, "PNG")
    yield "grey PNG with alpha", file(alpha.convert("LA"), "PNG")
    yield "palette", file(image.quantize(16), "PNG")
    yield "palette with alpha", file(image.quantize(16), "PNG", transparency=0)
    yield "black and white", file(image.convert("1"), "PNG")
    yield "a transparent colour", file(image, "PNG", transparency=tuple(RGB[0, 0].tolist()))
    yield "a transparent grey", file(grey, "PNG", transparency=int(np.asarray(grey)[0, 0]))
    yield "16-bit grey", file(deep, "PNG")
    yield "16-bit grey with a transparent level", file(deep, "PNG", transparency=int(np.asarray(deep)[0, 0]))
    yield "WebP", file(image, "WEBP")
    yield "WebP with alpha", file(alpha, "WEBP", lossless=True, exact=True)
    yield "animation", file(image, "WEBP", save_all=True, append_images=[image.rotate(180)], lossless=True)
    yield "1 x 1", file(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")


@pytest.mark.parametrize(
    ("kind", "content"), list(odd_files()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_file_is_the_picture_that_the_client_would_have_made_of_it(kind: str, content: bytes) -> None:
    decoded = decode_picture(content, "IMAGE_FILE", PLENTY)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    np.testing.assert_array_equal(decoded, read_picture(content), err_msg=kind)


def test_a_turned_photo_stands_upright() -> None:
    sideways = np.ascontiguousarray(np.rot90(RGB))
    np.testing.assert_array_equal(decode_picture(file(sideways, "PNG", exif=turned(6)), "X", PLENTY), RGB)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 5_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_bomb(side: int) -> bytes:
    content = bytearray(file(RGB, "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    return bytes(content)


def webp_bomb(side: int) -> bytes:
    frame = file(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    size = (side - 1).to_bytes(3, "little") * 2
    frames = b"\0" * 12 + b"\0" * 4 + frame
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    body += b"ANMF" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("bomb", [png_bomb, jpeg_bomb, webp_bomb])
@pytest.mark.parametrize("side", [1025, 12_000, 16_384])
def test_what_is_too_large_is_refused_by_its_header(bomb: Any, side: int) -> None:
    content = bomb(side)
    assert len(content) < 20_000
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(InvalidArgumentError, match=f"({side} × {side}|{side**2}).* pixels.*at most 1048576"):
            decode_picture(content, "IMAGE_FILE", PLENTY)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 0.5


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    content = file(RGB, "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    tedious = content[:-2] + content[scan:-2] * 200 + content[-2:]
    began = time.process_time()
    with pytest.raises(InvalidArgumentError, match="scans"):
        decode_picture(tedious, "IMAGE_FILE", PLENTY)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"no picture", "JPEG, WebP or PNG"),
        (file(RGB, "GIF"), "JPEG, WebP or PNG"),
        (file(RGB, "BMP"), "JPEG, WebP or PNG"),
        (file(RGB, "JPEG")[:700], "truncated or damaged"),
        (file(RGB, "JPEG")[:20], "truncated or damaged"),
        (file(RGB, "PNG")[:700], "truncated or damaged"),
        (file(RGB, "PNG")[:10], "truncated or damaged"),
        (file(RGB, "WEBP")[:300], "truncated or damaged"),
        (b"\xff\xd8\xff" + bytes(200), "truncated or damaged"),
        (b"RIFF\0\0\0\0WEBP", "truncated or damaged"),
    ],
)
def test_what_is_no_picture_is_named(content: bytes, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"input IMAGE_FILE .*{words}"):
        decode_picture(content, "IMAGE_FILE", PLENTY)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Tag data larger")
def test_no_damage_gets_past_as_another_error() -> None:
    whole = [file(RGB, "JPEG"), file(RGB, "PNG"), file(RGB, "WEBP"), file(RGB, "JPEG", exif=turned(5))]
    for _ in range(300):
        content = bytearray(whole[RNG.integers(len(whole))])
        for position in RNG.integers(4, len(content), 4):
            content[position] = RNG.integers(256)
        with suppress(InvalidArgumentError):
            assert decode_picture(bytes(content), "X", PLENTY).ndim == 3


# --- requests ---


def brighten(**tensors: np.ndarray) -> dict[str, np.ndarray]:
    return {"AMOUNT": np.array([[10]], np.int32), **tensors}


def column(*values: bytes) -> np.ndarray:
    return np.array([[value] for value in values], np.object_)


DULL = (RGB // 2).astype(np.uint8)


def test_a_file_is_answered_as_its_pixels_are() -> None:
    raw, as_file = answer_requests(
        Brighten(), [brighten(IMAGE=DULL[None]), brighten(IMAGE_FILE=column(file(DULL, "PNG")))]
    )
    assert isinstance(raw, Mapping)
    assert isinstance(as_file, Mapping)
    np.testing.assert_array_equal(raw["PICTURE"], as_file["PICTURE"])
    assert raw["DATA"] == as_file["DATA"]


def test_rows_of_files_are_rows() -> None:
    files = column(file(DULL, "PNG"), file(DULL[:, ::-1], "PNG"))
    (answer,) = answer_requests(Brighten(), [{"IMAGE_FILE": files, "AMOUNT": np.array([[1], [2]], np.int32)}])
    assert isinstance(answer, Mapping)
    np.testing.assert_array_equal(answer["PICTURE"], np.stack([DULL + 1, DULL[:, ::-1] + 2]))


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"IMAGE": DULL[None], "IMAGE_FILE": column(b"x")}, "IMAGE and IMAGE_FILE are one picture"),
        ({"IMAGE_FILE": column(file(np.zeros((101, 100, 3), np.uint8), "PNG"))}, "100 × 101 pixels"),
        ({"IMAGE_FILE": np.array([[b"x", b"y"]], np.object_)}, r"IMAGE_FILE must have shape \[1, 1\]"),
        ({"IMAGE": DULL[None], "PICTURE_FORMAT": column(b"gif")}, "PICTURE_FORMAT must be one of raw, jpeg, webp"),
        ({"IMAGE": DULL[None], "PICTURE_FORMAT": column(b"jpeg:0")}, "quality from 1 to 100"),
        ({"IMAGE": DULL[None], "PICTURE_FORMAT": column(b"jpeg:101")}, "quality from 1 to 100"),
        ({"IMAGE": DULL[None], "PICTURE_FORMAT": column(b"\xff")}, "PICTURE_FORMAT must be one of"),
        ({}, "IMAGE is missing.*IMAGE_FILE"),
    ],
)
def test_a_wrong_request_fails_alone(tensors: dict[str, np.ndarray], words: str) -> None:
    wrong, right = answer_requests(Brighten(), [brighten(**tensors), brighten(IMAGE=DULL[None])])
    assert isinstance(wrong, InvalidArgumentError)
    with pytest.raises(InvalidArgumentError, match=words):
        raise wrong
    assert isinstance(right, Mapping)


def test_raw_requests_get_raw_pictures_and_nothing_else() -> None:
    for wanted in ({}, {"PICTURE_FORMAT": column(b"raw")}):
        (answer,) = answer_requests(Brighten(), [brighten(IMAGE=DULL[None], **wanted)])
        assert isinstance(answer, Mapping)
        assert answer.keys() == {"PICTURE", "TEXT", "DATA", "TIMES"}


@pytest.mark.parametrize(("wanted", "kind"), [(b"jpeg", "JPEG"), (b"webp:80", "WEBP")])
def test_a_picture_comes_as_a_file_in_its_place(wanted: bytes, kind: str) -> None:
    (answer,) = answer_requests(Brighten(), [brighten(IMAGE=DULL[None], PICTURE_FORMAT=column(wanted))])
    assert isinstance(answer, Mapping)
    assert answer.keys() == {"PICTURE_FILE", "TEXT", "DATA", "TIMES"}
    image = Image.open(io.BytesIO(answer["PICTURE_FILE"][0, 0]))
    assert image.format == kind
    assert np.abs(np.asarray(image).astype(int) - (DULL + 10)).mean() < 6


def spec_with(*pictures: PictureOutput) -> ModelSpec:
    return ModelSpec("painter", "paints", tools=(ToolSpec("paint", "Paint", "Paints.", (), pictures),))


MASK = (RGB[..., :1] > 127).astype(np.uint8) * 255
CUTOUT = np.dstack([RGB, MASK])
PAINTER = spec_with(
    PictureOutput("PHOTO", "a photo"),
    PictureOutput("DEPTH", "a map", exact=True),
    PictureOutput("MASK", "a mask", channels=1),
    PictureOutput("CUTOUT", "a cut-out", channels=4),
)
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        ("jpeg", {"PHOTO": "JPEG", "DEPTH": "PNG", "MASK": "PNG", "CUTOUT": "PNG"}),
        ("webp", {"PHOTO": "WEBP", "DEPTH": "WEBP", "MASK": "WEBP", "CUTOUT": "WEBP"}),
    ],
)
def test_values_that_mean_something_are_kept(wanted: str, kinds: dict[str, str]) -> None:
    raw = {"PHOTO": RGB[None], "DEPTH": RGB[None], "MASK": MASK[None], "CUTOUT": CUTOUT[None]}
    packed = with_pictures_as(PictureFormat(wanted, 50), PAINTER, raw)
    for name, kind in kinds.items():
        image = Image.open(io.BytesIO(packed[f"{name}_FILE"][0, 0]))
        assert image.format == kind
        pixels = np.asarray(image.convert(MODES[raw[name].shape[3]])).reshape(raw[name].shape[1:])
        exact = np.array_equal(pixels, raw[name][0])
        assert exact == (name in ("DEPTH", "MASK") or (name, kind) == ("CUTOUT", "PNG"))
        np.testing.assert_array_equal(pixels[..., 3:], raw[name][0, ..., 3:])


def test_quality_is_heeded() -> None:
    sizes = [
        len(with_pictures_as(PictureFormat(wanted, quality), PAINTER, {"PHOTO": RGB[None]})["PHOTO_FILE"][0, 0])
        for wanted in ("jpeg", "webp")
        for quality in (95, 20)
    ]
    assert sizes[0] > 1.5 * sizes[1]
    assert sizes[2] > 1.5 * sizes[3]


def test_no_picture_is_a_file_without_bytes_and_a_long_one_is_a_png() -> None:
    nothing = with_pictures_as(PictureFormat("jpeg"), PAINTER, {"PHOTO": np.zeros((1, 0, 0, 3), np.uint8)})
    assert nothing["PHOTO_FILE"].tolist() == [[b""]]
    long = np.zeros((1, 2, 16_384, 3), np.uint8)
    content = with_pictures_as(PictureFormat("webp"), PAINTER, {"PHOTO": long})["PHOTO_FILE"][0, 0]
    assert Image.open(io.BytesIO(content)).size == (16_384, 2)


def test_who_asks_for_the_other_name_is_told() -> None:
    raw, packed = {"PHOTO": 0, "TEXT": 0}, {"PHOTO_FILE": 0, "TEXT": 0}
    assert "PICTURE_FORMAT" in missing_output(PAINTER, ["PHOTO_FILE", "TEXT"], raw)
    assert "ask for PHOTO_FILE" in missing_output(PAINTER, ["PHOTO", "TEXT"], packed)
    for requested, made in ((["PHOTO", "PHOTO_FILE"], raw), (["PHOTO", "PHOTO_FILE"], packed), (["TEXT"], raw)):
        assert not missing_output(PAINTER, requested, made)


# --- streaming models ---


@pytest.fixture
def counting() -> Iterator[StreamServer]:
    model = Counting()
    model.setup(Path(), lambda calls: [])
    server = StreamServer(model, lambda trouble: None)
    yield server
    server.close()


def test_a_stream_takes_and_gives_files(counting: StreamServer) -> None:
    tensors = {
        "OPERATION": column(b"pixels"),
        "IMAGE_FILE": column(file(np.zeros((2, 3, 3), np.uint8), "PNG")),
        "PREVIEW_EVERY": np.array([[2]], np.int32),
    }
    raw, packed = Caller(), Caller()
    counting.accept(tensors, raw)
    counting.accept({**tensors, "PICTURE_FORMAT": column(b"webp")}, packed)
    raw_end, packed_end = raw.ending(), packed.ending()
    assert isinstance(raw_end, Mapping)
    assert isinstance(packed_end, Mapping)
    assert raw_end["PICTURE"].shape[1:] == (1, 1, 3)
    assert "PICTURE" not in packed_end
    shown = np.asarray(Image.open(io.BytesIO(packed_end["PICTURE_FILE"][0, 0])))
    assert np.abs(shown.astype(int) - raw_end["PICTURE"][0]).max() < 8
    previews = [tensors["PREVIEW_FILE"][0, 0] for tensors in packed.received if "PREVIEW_FILE" in tensors]
    assert len(previews) == len([tensors for tensors in raw.received if "PREVIEW" in tensors])
    assert all(Image.open(io.BytesIO(preview)).format == "WEBP" for preview in previews)


def test_a_stream_refuses_a_format_that_is_none(counting: StreamServer) -> None:
    caller = Caller()
    counting.accept({"NUMBER": np.array([[1]], np.int32), "PICTURE_FORMAT": column(b"tiff")}, caller)
    assert isinstance(caller.ending(), InvalidArgumentError)
