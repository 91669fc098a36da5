"""read_text reads what a page says, at any angle, and nothing where nothing is written."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from served_models import ask, open_model, photo, replies, request

from visgate_server.batching import answer_requests

PAGE = """Region-based segmentation
Let us first determine markers of the coins and the
background. These markers are pixels that we can label
unambiguously as either object or background. Here,
the markers are found at the two extreme parts of the
histogram of grey values:
>>> markers = np.zeros_like(coins)"""

NOTICE = ("The quick brown fox jumps over", "the lazy dog, 42 times a day.", "Price: $19.99 (incl. 7% VAT)")


def printed(*lines: str, letters: int = 30, angle: float = 0) -> NDArray[np.uint8]:
    """Dark lines of print on cream, the page turned anticlockwise by some degrees."""
    font = ImageFont.load_default(letters)
    width = round(max(font.getlength(line) for line in lines)) + 2 * letters
    page = Image.new("RGB", (width, round(len(lines) * letters * 1.6) + 2 * letters), (235, 230, 220))
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((letters, letters * (1 + 1.6 * number)), line, font=font, fill=(20, 20, 30))
    return np.asarray(page.rotate(angle, expand=True, fillcolor=(235, 230, 220), resample=Image.Resampling.BICUBIC))


def likeness(read: str, written: str) -> float:
    return SequenceMatcher(None, read, written, autojunk=False).ratio()


def test_every_word_of_the_photographed_page_is_read() -> None:
    reply = ask("read_text", photo("page"))
    assert likeness(reply.data["text"], PAGE) > 0.985
    assert reply.data["text"].splitlines()[:6] == PAGE.splitlines()[:6]
    assert reply.data["text"] in reply.text
    assert "7 lines" in reply.text


def test_lines_are_where_they_are_read_from_the_top() -> None:
    lines = ask("read_text", photo("page")).data["lines"]
    tops = [min(y for _, y in line["quad"]) for line in lines]
    assert tops == sorted(tops)
    title = np.array(lines[0]["quad"])
    assert title[:, 0].min() == pytest.approx(5, abs=6)
    assert title[:, 0].max() == pytest.approx(293, abs=8)
    assert title[:, 1].min() < 17 < 30 < title[:, 1].max()
    assert all(0.85 < line["score"] <= 1 for line in lines)


@pytest.mark.parametrize("angle", [0, 8, -35, 90, 180, 270])
def test_print_is_read_at_any_angle(angle: float) -> None:
    reply = ask("read_text", printed(*NOTICE, angle=angle))
    read = reply.data["text"].split("\n")
    assert len(read) == len(NOTICE)
    assert all(likeness(line, written) > 0.96 for line, written in zip(read, NOTICE, strict=True))


def test_upside_down_lines_begin_where_their_text_begins() -> None:
    [line] = ask("read_text", printed("Hello world", angle=180)).data["lines"]
    (begin_x, begin_y), (end_x, _), _, (_, below_y) = line["quad"]
    assert begin_x > end_x
    assert begin_y > below_y


@pytest.mark.parametrize("letters", [14, 90])
def test_small_and_large_print_is_read(letters: int) -> None:
    reply = ask("read_text", printed(*NOTICE, letters=letters))
    assert likeness(reply.data["text"], "\n".join(NOTICE)) > 0.95


def test_words_in_one_row_are_joined_by_a_space_and_rows_by_a_new_line() -> None:
    page = np.full((160, 900, 3), 235, np.uint8)
    left, right, below = printed("Total"), printed("12.50 EUR"), printed("Thank you")
    page[: left.shape[0], : left.shape[1]] = left
    page[: right.shape[0], -right.shape[1] :] = right
    page[70 : 70 + below.shape[0], : below.shape[1]] = below[: page.shape[0] - 70]
    assert ask("read_text", page).data["text"] == "Total 12.50 EUR\nThank you"


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut", "rocket"])
def test_photos_without_print_say_nothing(name: str) -> None:
    reply = ask("read_text", photo(name))
    assert reply.data == {"text": "", "lines": []}
    assert "No text" in reply.text


def test_a_blank_page_says_nothing_and_is_left_as_it_is() -> None:
    page = np.full((300, 400, 3), 255, np.uint8)
    reply = ask("read_text", page)
    assert reply.data["lines"] == []
    assert (reply.pictures["PICTURE"] == page).all()


def test_the_threshold_leaves_out_doubtful_lines_and_says_so() -> None:
    strict = ask("read_text", photo("page"), threshold=0.98)
    assert 0 < len(strict.data["lines"]) < 7
    assert "doubtful left out" in strict.text


def test_the_picture_tints_the_lines_and_nothing_else() -> None:
    image = photo("page")
    drawn = ask("read_text", image).pictures["PICTURE"]
    changed = (drawn != image).any(axis=2)
    assert changed[20:28, 20:280].mean() > 0.99
    assert not changed[143:160, 250:].any()
    dark = drawn[20:28, 20:280].astype(int).sum(axis=2)
    assert np.ptp(dark) > 250, "the letters can still be read"


def test_a_batch_of_mixed_sizes_answers_as_one_by_one() -> None:
    images = [photo("page"), photo("chelsea"), printed(*NOTICE), printed("EXIT", letters=60, angle=20)]
    together = answer_requests(open_model("read_text"), [request(image) for image in images])
    for image, answer in zip(images, together, strict=True):
        batched, alone = replies(answer)[0].data, ask("read_text", image).data
        assert batched["text"] == alone["text"]
        for one, other in zip(batched["lines"], alone["lines"], strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=1e-3)
            np.testing.assert_allclose(one["quad"], other["quad"], atol=0.5)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (37, 41)])
def test_every_size_is_answered(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    reply = ask("read_text", image, threshold=0.0)
    assert reply.pictures["PICTURE"].shape == image.shape
