"""Every kind of picture file becomes the RGB pixels that a person would see, upright and on white."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from visgate_client import read_picture

HEIGHT, WIDTH = 24, 40


def smooth(channels: int = 3, seed: int = 0) -> np.ndarray:
    """A picture whose four corners differ, so that every turn and flip of it shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [x * 6, y * 10, (x * 3 + y * 5), 255 - x * 4, ((x + y + seed) * 7)]
    return np.stack([plane % 256 for plane in planes[:channels]], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def grey_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Porter and Duff's "over" in floating point."""
    share = alpha[:, :, np.newaxis].astype(float) / 255
    return np.rint(colour * share + 255 * (1 - share))


RGB = smooth()
GREY = RGB[:, :, 2]
ALPHA = smooth(4)[:, :, 3]

LOSSLESS = {
    "PNG": (lambda: encoded(Image.fromarray(RGB), "PNG"), RGB),
    "BMP": (lambda: encoded(Image.fromarray(RGB), "BMP"), RGB),
    "TIFF": (lambda: encoded(Image.fromarray(RGB), "TIFF", compression="tiff_lzw"), RGB),
    "PPM": (lambda: encoded(Image.fromarray(RGB), "PPM"), RGB),
    "WebP": (lambda: encoded(Image.fromarray(RGB), "WEBP", lossless=True), RGB),
    "JPEG 2000": (lambda: encoded(Image.fromarray(RGB), "JPEG2000", irreversible=False), RGB),
    "grey PNG": (lambda: encoded(Image.fromarray(GREY), "PNG"), grey_rgb(GREY)),
    "1-bit PNG": (
        lambda: encoded(Image.fromarray(GREY > 90), "PNG"),
        grey_rgb(((GREY > 90) * 255).astype(np.uint8)),
    ),
    "1-bit TIFF": (
        lambda: encoded(Image.fromarray(GREY > 90), "TIFF", compression="group4"),
        grey_rgb(((GREY > 90) * 255).astype(np.uint8)),
    ),
    "animated GIF, palette": (
        lambda: encoded(
            Image.fromarray(GREY), "GIF", save_all=True, append_images=[Image.new("L", (WIDTH, HEIGHT), 9)]
        ),
        grey_rgb(GREY),
    ),
    "animated WebP": (
        lambda: encoded(
            Image.fromarray(RGB),
            "WEBP",
            lossless=True,
            save_all=True,
            append_images=[Image.new("RGB", (WIDTH, HEIGHT), "red")],
        ),
        RGB,
    ),
    "animated PNG": (
        lambda: encoded(
            Image.fromarray(RGB), "PNG", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT), "red")]
        ),
        RGB,
    ),
    "TIFF of two pages": (
        lambda: encoded(
            Image.fromarray(RGB), "TIFF", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT), "red")]
        ),
        RGB,
    ),
}


@pytest.mark.parametrize(("make", "seen"), LOSSLESS.values(), ids=LOSSLESS.keys())
def test_lossless_formats_are_read_to_the_pixel(make: Callable[[], bytes], seen: np.ndarray) -> None:
    picture = read_picture(make())
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, seen)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_are_read_nearly(kind: str) -> None:
    quality = {"quality": 95}
    picture = read_picture(encoded(Image.fromarray(RGB[:, :, :1].repeat(3, axis=2)), kind, **quality))
    assert np.abs(picture.astype(int) - RGB[:, :, :1]).mean() < 4


# --- more than 8 bits ---

DEEP = (np.arange(HEIGHT * WIDTH, dtype=np.uint32) * 65535 // (HEIGHT * WIDTH - 1)).astype(np.uint16)
DEEP = DEEP.reshape(HEIGHT, WIDTH)
SCALED = np.rint(DEEP / 257).astype(np.uint8)


def pgm(values: np.ndarray) -> bytes:
    return b"P5 %d %d 65535\n" % values.shape[::-1] + values.astype(">u2").tobytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoded(Image.fromarray(DEEP), "PNG"),
        lambda: encoded(Image.fromarray(DEEP), "TIFF"),
        lambda: encoded(Image.frombytes("I;16B", (WIDTH, HEIGHT), DEEP.astype(">u2").tobytes()), "TIFF"),
        lambda: pgm(DEEP),
        lambda: encoded(Image.fromarray(DEEP), "JPEG2000", irreversible=False),
        lambda: Image.fromarray(DEEP),
        lambda: Image.frombytes("I;16B", (WIDTH, HEIGHT), DEEP.astype(">u2").tobytes()),
    ],
    ids=["PNG", "TIFF", "big-endian TIFF", "PGM", "JPEG 2000", "PIL", "big-endian PIL"],
)
def test_16_bits_are_scaled_to_8_and_not_clipped(make: Callable[[], bytes | Image.Image]) -> None:
    assert SCALED.min() == 0
    assert SCALED.max() == 255
    assert len(np.unique(SCALED)) == 256
    np.testing.assert_array_equal(read_picture(make()), grey_rgb(SCALED))


def test_16_bit_colour_is_scaled_to_8() -> None:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    deep = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]], axis=-1)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.abs(read_picture(png) - deep / 257).max() <= 1


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_numbers_are_refused_because_nobody_knows_what_is_white(mode: str) -> None:
    from visgate_client import PictureFormatError

    with pytest.raises(PictureFormatError, match="0-255"):
        read_picture(Image.new(mode, (4, 4), 70_000))


# --- transparency ---


def palette_image() -> tuple[Image.Image, np.ndarray]:
    """A palette of red, blue and green, and which entry each pixel has."""
    entries = (GREY // 86).astype(np.uint8)
    image = Image.fromarray(entries)
    image.putpalette([255, 0, 0, 0, 0, 255, 0, 255, 0])
    return image, entries


COLOURS = np.array([[255, 0, 0], [0, 0, 255], [0, 255, 0]])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_on_white(kind: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    image = Image.fromarray(np.dstack([RGB, ALPHA]))
    picture = read_picture(encoded(image, kind, **options))
    assert np.abs(picture - over_white(RGB, ALPHA)).max() <= 1


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(ALPHA)])
    assert np.abs(read_picture(encoded(image, "PNG")) - over_white(grey_rgb(GREY), ALPHA)).max() <= 1


def test_premultiplied_alpha_is_laid_on_white() -> None:
    premultiplied = Image.fromarray(np.dstack([RGB, ALPHA])).convert("RGBa")
    difference = np.abs(read_picture(premultiplied) - over_white(RGB, ALPHA))
    assert difference.max() <= 2


def test_a_palettes_transparent_entry_becomes_white() -> None:
    image, entries = palette_image()
    seen = np.where((entries == 1)[:, :, np.newaxis], 255, COLOURS[entries])
    for kind in ("PNG", "GIF"):
        np.testing.assert_array_equal(read_picture(encoded(image, kind, transparency=1)), seen)


def test_a_palettes_translucent_entries_are_laid_on_white() -> None:
    image, entries = palette_image()
    alphas = np.array([255, 0, 100], np.uint8)
    png = encoded(image, "PNG", transparency=alphas.tobytes())
    assert Image.open(io.BytesIO(png)).mode == "P"
    assert np.abs(read_picture(png) - over_white(COLOURS[entries], alphas[entries])).max() <= 1


def test_a_palette_without_transparency_keeps_its_colours() -> None:
    image, entries = palette_image()
    np.testing.assert_array_equal(read_picture(encoded(image, "PNG")), COLOURS[entries])


def test_a_transparent_colour_becomes_white() -> None:
    chosen = tuple(int(value) for value in RGB[5, 7])
    seen = np.where((chosen == RGB).all(axis=2, keepdims=True), 255, RGB)
    assert (seen != RGB).any()
    np.testing.assert_array_equal(read_picture(encoded(Image.fromarray(RGB), "PNG", transparency=chosen)), seen)


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_a_transparent_grey_level_becomes_white(deep: bool) -> None:
    values, grey = (DEEP, SCALED) if deep else (GREY, GREY)
    chosen = int(values[3, 4])
    seen = np.where(values == chosen, 255, grey)
    assert (seen != grey).any()
    picture = read_picture(encoded(Image.fromarray(values), "PNG", transparency=chosen))
    np.testing.assert_array_equal(picture, grey_rgb(seen))


# --- other colour spaces ---


def test_cmyk_is_converted() -> None:
    cmyk = Image.fromarray(smooth(4), "CMYK")
    ink = smooth(4).astype(float)
    seen = (255 - ink[:, :, :3]) * (255 - ink[:, :, 3:]) / 255
    assert np.abs(read_picture(encoded(cmyk, "TIFF")) - seen).max() <= 2
    assert np.abs(read_picture(encoded(cmyk, "JPEG", quality=100, subsampling=0)) - seen).mean() < 3


@pytest.mark.parametrize(
    "mode", ["YCbCr", "HSV", "LAB", "RGBX", "CMYK", "1", "L", "LA", "P", "PA", "RGBA", "La", "RGBa"]
)
def test_every_mode_of_pillow_becomes_rgb(mode: str) -> None:
    picture = read_picture(Image.new(mode, (5, 4)))
    assert picture.shape == (4, 5, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces_keep_the_colour(mode: str) -> None:
    """Saturated red, as each space says it, comes out red."""
    image = {
        "YCbCr": Image.new("YCbCr", (2, 2), (76, 85, 255)),
        "HSV": Image.new("HSV", (2, 2), (0, 255, 255)),
        "LAB": Image.new("LAB", (2, 2), (136, 208, 195)),
    }[mode]
    red, green, blue = read_picture(image)[0, 0].astype(int)
    assert red > 200
    assert green < 60
    assert blue < 60


# --- EXIF ---

STORED_AS = {
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],
    3: lambda seen: seen[::-1, ::-1],
    4: lambda seen: seen[::-1],
    5: lambda seen: seen.transpose(1, 0, 2),
    6: lambda seen: np.rot90(seen, 1),
    7: lambda seen: seen[::-1, ::-1].transpose(1, 0, 2),
    8: lambda seen: np.rot90(seen, -1),
}
"""How a camera held in each of EXIF's eight ways stores what it sees (row 0 and column 0 of the standard's table)."""


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_turned_camera_is_turned_back(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED_AS[orientation](RGB)))
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(stored, kind, exif=exif.tobytes(), **options)
    np.testing.assert_array_equal(read_picture(content), RGB)
    with Image.open(io.BytesIO(content)) as opened:
        np.testing.assert_array_equal(read_picture(opened), RGB)


def test_a_turned_camera_is_turned_back_in_jpeg_and_with_alpha() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = encoded(Image.fromarray(np.rot90(RGB, 1).copy()), "JPEG", quality=95, subsampling=0, exif=exif)
    assert np.abs(read_picture(jpeg).astype(int) - RGB).mean() < 3
    rgba = np.rot90(np.dstack([RGB, ALPHA]), 1).copy()
    png = encoded(Image.fromarray(rgba), "PNG", exif=exif)
    assert np.abs(read_picture(png) - over_white(RGB, ALPHA)).max() <= 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read_picture(encoded(Image.fromarray(RGB), "PNG", exif=exif)), RGB)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    content = encoded(Image.fromarray(RGB), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    np.testing.assert_array_equal(read_picture(content), RGB)


def test_the_callers_own_image_is_not_changed() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(encoded(Image.fromarray(np.dstack([RGB, ALPHA])), "PNG", exif=exif))) as opened:
        read_picture(opened)
        assert opened.mode == "RGBA"
        assert opened.size == (WIDTH, HEIGHT)
        assert opened.getexif()[0x0112] == 6


def test_the_frame_an_animation_stands_at_counts() -> None:
    gif = encoded(Image.new("L", (4, 4), 0), "GIF", save_all=True, append_images=[Image.new("L", (4, 4), 255)])
    with Image.open(io.BytesIO(gif)) as animation:
        animation.seek(1)
        assert (read_picture(animation) == 255).all()
        animation.seek(0)
        assert (read_picture(animation) == 0).all()
