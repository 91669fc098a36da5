"""Bad pictures and bad arguments end in an error that says what to do, or in the right answer; never in silence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from visgate_client import ArgumentError, PictureError, UnknownToolError, VisionClient


@pytest.fixture(autouse=True)
def still_serving(client: VisionClient):
    """After whatever a test sends, the server answers the next caller."""
    yield
    photo = skimage.data.chelsea()
    edges = np.asarray(client.call("detect_edges", image=photo).image)
    np.testing.assert_array_equal(edges, cv2.Canny(photo, 100, 200))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def cat() -> Image.Image:
    return Image.fromarray(skimage.data.chelsea())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (encoded(cat(), "JPEG")[:2000], "truncated"),
        (encoded(cat(), "PNG")[:3000], "truncated"),
        (b"this is no picture at all", "not a picture"),
        (png_header(20_000, 20_000), "20000"),
    ],
    ids=["0 bytes", "truncated JPEG", "truncated PNG", "text", "20,000 × 20,000 header"],
)
@pytest.mark.parametrize("as_file", [False, True], ids=["bytes", "file"])
def test_a_file_that_is_no_picture_is_named_as_such(
    client: VisionClient, tmp_path: Path, content: bytes, words: str, as_file: bool
) -> None:
    picture: bytes | Path = content
    if as_file:
        picture = tmp_path / "given.png"
        picture.write_bytes(content)
    with pytest.raises(PictureError) as error:
        client.call("detect_edges", image=picture)
    assert words in str(error.value).lower().replace(",", "")


def test_a_missing_file_is_named(client: VisionClient, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"absent\.png"):
        client.call("detect_edges", image=tmp_path / "absent.png")


def odd_pictures() -> dict[str, tuple[bytes, np.ndarray]]:
    """Encoded pictures of unusual kinds, each with the RGB pixels that a person would see."""
    rgb = np.asarray(cat().resize((120, 80)))
    grey = np.asarray(cat().resize((120, 80)).convert("L"))
    grey_rgb = np.repeat(grey[:, :, None], 3, axis=2)
    cmyk = Image.fromarray(rgb).convert("CMYK")
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    palette = Image.fromarray(np.where(grey > 110, 1, 0).astype(np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 0, 255])
    on_white = np.where((grey > 110)[:, :, None], np.array([0, 0, 255]), np.array([255, 255, 255])).astype(np.uint8)
    rotated = Image.fromarray(np.ascontiguousarray(np.rot90(rgb)))
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90° clockwise to see it upright"
    frames = [Image.fromarray(rgb), Image.fromarray(rgb[::-1].copy())]
    return {
        "16-bit grey": (encoded(deep, "PNG"), grey_rgb),
        "palette with alpha": (encoded(palette, "PNG", transparency=0), on_white),
        "EXIF-rotated": (encoded(rotated, "PNG", exif=exif), rgb),
        "animated": (encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), rgb),
        "CMYK": (encoded(cmyk, "TIFF"), np.asarray(cmyk.convert("RGB"))),
        "1 × 1": (encoded(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), np.full((1, 1, 3), (9, 8, 7), np.uint8)),
    }


@pytest.mark.parametrize("kind", odd_pictures())
def test_an_unusual_picture_is_seen_as_a_person_sees_it(client: VisionClient, kind: str) -> None:
    content, seen = odd_pictures()[kind]
    edges = np.asarray(client.call("detect_edges", image=content, low_threshold=50, high_threshold=150).image)
    np.testing.assert_array_equal(edges, cv2.Canny(seen, 50, 150))


def test_every_tool_takes_a_picture_of_one_pixel(client: VisionClient) -> None:
    pixel = np.zeros((1, 1, 3), np.uint8)
    values = {
        "image": pixel,
        "mask": 255 - pixel,
        "prompt": "a cat on a red background",
        "object": "cat",
        "replacement": "dog",
        "question": "What is this?",
    }
    for tool in client.tools():
        if "image" not in tool.properties:
            continue
        assert set(tool.required) <= set(values), f"{tool.name} needs more: give this test a value for it"
        arguments = {name: values[name] for name in tool.required}
        if tool.name == "remove_background":
            with pytest.raises(ArgumentError, match="nothing was found that could be cut out"):
                client.call(tool.name, arguments)
        else:
            assert client.call(tool.name, arguments).text


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.int64),
        np.zeros((8, 8, 2), np.uint8),
        np.zeros((8, 8, 5), np.uint8),
        np.zeros(8, np.uint8),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        3.14,
        None,
    ],
    ids=["float", "int64", "2 channels", "5 channels", "1-D", "4-D", "no rows", "a number", "None"],
)
def test_an_array_that_is_no_picture_is_refused_before_it_is_sent(client: VisionClient, picture: object) -> None:
    with pytest.raises(PictureError):
        client.call("detect_edges", image=picture)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "image"),
        ({"low_threshold": "high"}, "low_threshold"),
        ({"low_threshold": True}, "low_threshold"),
        ({"low_threshold": -1}, "low_threshold"),
        ({"low_threshold": float("nan")}, "low_threshold"),
        ({"sharpness": 3}, "sharpness"),
    ],
    ids=["missing", "text for a number", "flag for a number", "out of range", "not a number", "unknown"],
)
def test_a_bad_argument_is_named_with_what_is_expected(
    client: VisionClient, arguments: dict[str, object], words: str
) -> None:
    picture = {} if not arguments else {"image": skimage.data.chelsea()}
    with pytest.raises(ArgumentError) as error:
        client.call("detect_edges", **picture, **arguments)
    assert words in str(error.value)


def test_an_unknown_tool_gets_near_names(client: VisionClient) -> None:
    with pytest.raises(UnknownToolError, match="detect_edges"):
        client.call("detect_edge", image=skimage.data.chelsea())


def test_a_picture_over_a_tools_limit_is_refused_with_the_limit(client: VisionClient) -> None:
    with pytest.raises((PictureError, ArgumentError), match="pixels"):
        client.call("upscale_image", image=np.zeros((3000, 3000, 3), np.uint8))
