"""What may be given as a picture, and how what may not is refused."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visgate_client import (
    PictureArrayError,
    PictureError,
    PictureFileError,
    PictureFormatError,
    PictureTooLargeError,
    read_picture,
)

RGB = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)


def encoded(kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, kind, **options)
    return stream.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size and whose data are next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + content + chunk(b"IEND", b"")


class OwnPath:
    """A path class of somebody else's."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


def test_one_picture_is_the_same_from_every_source(tmp_path: Path) -> None:
    file = tmp_path / "a picture with spaces ü.png"
    file.write_bytes(encoded())
    content = encoded()
    lazy = Image.open(file)
    sources = [RGB, Image.fromarray(RGB), lazy, file, str(file), OwnPath(file)]
    sources += [content, bytearray(content), memoryview(content), memoryview(b"xx" + content)[2:]]
    for source in sources:
        np.testing.assert_array_equal(read_picture(source), RGB)
    lazy.close()


# --- arrays ---


def test_arrays_of_every_layout_are_read_right() -> None:
    grey = RGB[:, :, 0]
    as_rgb = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    np.testing.assert_array_equal(read_picture(grey), as_rgb)
    np.testing.assert_array_equal(read_picture(grey[:, :, np.newaxis]), as_rgb)
    np.testing.assert_array_equal(read_picture(np.asfortranarray(RGB)), RGB)
    np.testing.assert_array_equal(read_picture(RGB[::-1, ::2]), RGB[::-1, ::2])
    np.testing.assert_array_equal(read_picture(RGB[:, :, ::-1]), RGB[:, :, ::-1])
    np.testing.assert_array_equal(read_picture(RGB[:1, :1]), RGB[:1, :1])
    np.testing.assert_array_equal(read_picture(grey > 100), np.where(as_rgb > 100, 255, 0))


def test_an_arrays_alpha_is_laid_on_white_for_every_colour_and_alpha() -> None:
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    rgba = np.dstack([colour, colour, 255 - colour, alpha]).astype(np.uint8)
    exact = rgba[:, :, :3] * (alpha[:, :, np.newaxis] / 255) + 255 * (1 - alpha[:, :, np.newaxis] / 255)
    assert np.abs(read_picture(rgba) - exact).max() <= 0.5 + 1e-9


def test_the_callers_array_is_not_changed_and_cannot_be_through_the_result() -> None:
    mine = RGB.copy()
    picture = read_picture(mine)
    assert not picture.flags.writeable
    assert mine.flags.writeable
    np.testing.assert_array_equal(mine, RGB)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.int64, np.uint16, np.complex64, object, "U1"])
def test_arrays_of_another_type_are_refused_with_the_type_accepted(dtype: object) -> None:
    with pytest.raises(PictureArrayError, match="uint8") as error:
        read_picture(np.zeros((4, 4, 3), dtype), path="arguments.image")
    assert str(np.dtype(dtype)) in str(error.value)
    assert error.value.path == "arguments.image"
    assert str(error.value).startswith("arguments.image: ")


@pytest.mark.parametrize(
    "shape", [(), (5,), (4, 4, 2), (4, 4, 5), (4, 4, 0), (1, 4, 4, 3), (0, 4, 3), (4, 0), (0, 0, 3)]
)
def test_arrays_of_another_shape_are_refused_with_the_shapes_accepted(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureArrayError, match="height × width") as error:
        read_picture(np.zeros(shape, np.uint8))
    assert str(shape) in str(error.value)


def test_channels_first_is_recognised() -> None:
    with pytest.raises(PictureArrayError, match="transpose"):
        read_picture(np.zeros((3, 20, 30), np.uint8))


# --- what is no picture at all ---


@pytest.mark.parametrize("value", [None, 3, 3.5, {}, [[1, 2]], io.BytesIO(b"x"), object(), True])
def test_other_things_are_refused_with_what_is_accepted(value: object) -> None:
    with pytest.raises(PictureError, match="PIL image") as error:
        read_picture(value)
    assert type(value).__name__ in str(error.value)


@pytest.mark.parametrize("kind", ["bytes", "file"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\0", "not a picture"),
        (b"hello, this is text", "not a picture"),
        (b"%PDF-1.7 ...", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (encoded("PNG")[:-40], "truncated"),
        (encoded("PNG")[:60], "truncated"),
        (encoded("JPEG")[:300], "truncated"),
        (encoded("JPEG")[:-100], "truncated"),
        (encoded("WEBP")[:-30], "truncated"),
        (encoded("TIFF")[:-30], "truncated"),
        (encoded("BMP")[:-30], "truncated"),
        (encoded("GIF")[:-60], "truncated"),
        (encoded("PPM")[:-60], "truncated"),
    ],
)
def test_bad_files_are_refused_with_the_reason(tmp_path: Path, kind: str, content: bytes, words: str) -> None:
    source: bytes | Path = content
    if kind == "file":
        source = tmp_path / "given.png"
        source.write_bytes(content)
    with pytest.raises(PictureFormatError, match=words) as error:
        read_picture(source, path="arguments.image")
    assert error.value.path == "arguments.image"


def test_a_lazily_opened_image_that_turns_out_truncated_is_refused() -> None:
    lazy = Image.open(io.BytesIO(encoded("PNG")[:-40]))
    with pytest.raises(PictureFormatError, match="truncated"):
        read_picture(lazy)


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source, words in [
        (tmp_path / "absent.png", "absent.png.*No such file"),
        (tmp_path, "directory"),
        (tmp_path / "pipe", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("", "directory|No such file"),
        ("a\0b.png", "null"),
        ("x" * 5000, "too long"),
        (tmp_path / "absent" / "deeper.png", "No such file"),
    ]:
        with pytest.raises(PictureFileError, match=words) as error:
            read_picture(source)
        assert len(str(error.value)) < 400


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(encoded())
    file.chmod(0)
    with pytest.raises(PictureFileError, match="Permission denied"):
        read_picture(file)


def test_no_file_is_left_open(tmp_path: Path) -> None:
    file = tmp_path / "given.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for content in (encoded(), encoded()[:60], b"nothing"):
            file.write_bytes(content)
            try:
                read_picture(file)
            except PictureFormatError:
                continue
    opened = {os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()}
    assert str(file) not in opened


# --- size ---


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (9_000, 10_000), (60_000, 60_000), (2_000_000_000, 1), (8193, 8192)]
)
def test_a_huge_header_is_refused_before_anything_is_decoded(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureTooLargeError) as error:
            read_picture(png_of_size(*size))
    message = str(error.value)
    assert f"{size[0]} × {size[1]}" in message
    assert "67,108,864" in message


def test_the_limit_is_what_was_asked_for_and_counts_for_every_source() -> None:
    for source in (RGB, Image.fromarray(RGB), encoded(), encoded("JPEG"), RGB[:, :, 0]):
        assert read_picture(source, max_pixels=600).shape == (20, 30, 3)
        with pytest.raises(PictureTooLargeError, match="30 × 20 has 600 pixels, more than the 599"):
            read_picture(source, max_pixels=599)


# --- damage ---


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "ICO"])
def test_whatever_is_done_to_a_file_gives_a_picture_or_a_picture_error(kind: str) -> None:
    """A few hundred random corruptions of every format; what is not caught here would end the caller's program."""
    content = np.frombuffer(encoded(kind), np.uint8)
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        damaged = content.copy()
        places = rng.integers(0, min(len(content), 200) if rng.random() < 0.7 else len(content), rng.integers(1, 6))
        damaged[places] = rng.integers(0, 256, len(places))
        if rng.random() < 0.3:
            damaged = damaged[: rng.integers(1, len(damaged))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                picture = read_picture(damaged.tobytes(), max_pixels=1_000_000)
            except PictureError:
                refused += 1
            else:
                assert picture.dtype == np.uint8
                assert picture.ndim == 3
                assert picture.shape[2] == 3
    assert refused > 10


def test_one_lazily_opened_image_can_be_given_from_many_threads(tmp_path: Path) -> None:
    big = np.random.default_rng(2).integers(0, 256, (700, 700, 3), np.uint8)
    Image.fromarray(big).save(tmp_path / "big.png")
    for _ in range(5):
        with Image.open(tmp_path / "big.png") as lazy, ThreadPoolExecutor(8) as threads:
            for picture in threads.map(read_picture, [lazy] * 8):
                np.testing.assert_array_equal(picture, big)
