"""Reads the text of several pictures with as few network runs as possible; knows nothing about tools or requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from visgate_server.networks import Network
from visgate_server.text_reading.ctc_decoding import Alphabet, Reading
from visgate_server.text_reading.detector_input import MARGIN, DetectorInput, detector_input
from visgate_server.text_reading.line_images import (
    LineImage,
    cut_line,
    orientation_pieces,
    padded,
    padded_width,
    upside_down,
)
from visgate_server.text_reading.reading_order import reading_rows
from visgate_server.text_reading.text_regions import TextLine, find_text_lines

PERHAPS_UPSIDE_DOWN = 0.1
"""Probability from which a line is read both ways up and the better reading taken: upright lines had up to 0.7."""

DETECTOR_PIXELS = 2_000_000
"""Pixels of one detector run at most: its maps need about 0.6 KB a pixel."""

RECOGNISER_COLUMNS = 6_400
"""Columns of one recogniser run at most, over all its lines: each eighth column gives 6,625 probabilities."""

ORIENTATION_PIECES = 64

ItemT = TypeVar("ItemT")

UNREAD = Reading("", 0.0)


@dataclass(frozen=True)
class ReadLine:
    """A line of text, where it stands in the picture, and in which row of the page, counted from 0."""

    reading: Reading
    place: TextLine
    row: int


@dataclass
class _Line:
    picture: int
    place: TextLine
    image: LineImage
    reading: Reading = UNREAD


class TextReader:
    """PP-OCR's three networks in a row: where text is, which way up, what it says."""

    def __init__(self, detector: Network, orientation: Network, recogniser: Network, alphabet: Alphabet) -> None:
        self._detector = detector
        self._orientation = orientation
        self._recogniser = recogniser
        self._alphabet = alphabet

    def read(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[ReadLine]]:
        """Each picture's lines in reading order; a line is read the same whatever it is read with.

        Args:
            pictures: UINT8 [height, width, 3], RGB, of any sizes.
        """
        lines = [
            _Line(number, place, cut_line(pictures[number], place))
            for number, places in enumerate(self._find([detector_input(picture) for picture in pictures]))
            for place in places
        ]
        self._recognise(lines)
        turned = [_Line(line.picture, line.place.turned(), upside_down(line.image)) for line in lines]
        doubtful = [number for number, chance in enumerate(self._upside_down(lines)) if chance > PERHAPS_UPSIDE_DOWN]
        self._recognise([turned[number] for number in doubtful])
        for number in doubtful:
            lines[number] = max(lines[number], turned[number], key=lambda line: line.reading.score)
        return [_in_order([line for line in lines if line.picture == number]) for number in range(len(pictures))]

    def _find(self, inputs: Sequence[DetectorInput]) -> list[list[TextLine]]:
        found: list[list[TextLine]] = [[] for _ in inputs]
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for number, ready in enumerate(inputs):
            by_shape.setdefault(ready.image.shape, []).append(number)
        for (height, width, _), numbers in by_shape.items():
            for some in _portions(numbers, max(1, DETECTOR_PIXELS // (height * width))):
                images = np.stack([inputs[number].image for number in some])
                for number, probability in zip(some, self._detector.run({"image": images})["probability"], strict=True):
                    places = find_text_lines(probability)
                    found[number] = [place.scaled(MARGIN, inputs[number].scale) for place in places]
        return found

    def _recognise(self, lines: Sequence[_Line]) -> None:
        by_width: dict[int, list[_Line]] = {}
        for line in lines:
            by_width.setdefault(padded_width(line.image), []).append(line)
        for width, alike in by_width.items():
            for some in _portions(alike, max(1, RECOGNISER_COLUMNS // width)):
                images = np.stack([padded(line.image, width) for line in some])
                characters = self._recogniser.run({"image": images})["characters"]
                for line, probabilities in zip(some, characters, strict=True):
                    line.reading = self._alphabet.decode(probabilities)

    def _upside_down(self, lines: Sequence[_Line]) -> list[float]:
        """How likely each line is upside down, 0–1."""
        pieces = [(number, piece) for number, line in enumerate(lines) for piece in orientation_pieces(line.image)]
        chances: list[list[float]] = [[] for _ in lines]
        for some in _portions(pieces, ORIENTATION_PIECES):
            images = np.stack([piece for _, piece in some])
            probabilities = self._orientation.run({"image": images})["probabilities"]
            for (number, _), chance in zip(some, probabilities[:, 1].tolist(), strict=True):
                chances[number].append(chance)
        return [float(np.mean(of_line)) for of_line in chances]


def _portions(items: Sequence[ItemT], largest: int) -> Iterator[Sequence[ItemT]]:
    for start in range(0, len(items), largest):
        yield items[start : start + largest]


def _in_order(lines: Sequence[_Line]) -> list[ReadLine]:
    rows = reading_rows([line.place for line in lines])
    return [
        ReadLine(lines[index].reading, lines[index].place, row) for row, members in enumerate(rows) for index in members
    ]
