"""Reads the text in a picture with PP-OCR's detector, orientation and recogniser networks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from visgate_server.drawing.highlights import Highlight, draw_highlights
from visgate_server.drawing.strokes import colour_of
from visgate_server.errors import NetworkError
from visgate_server.model_spec import ModelSpec
from visgate_server.networks import Network, Tensors, open_network
from visgate_server.ragged_rows import boxed, boxed_rows, unboxed
from visgate_server.text_reading.ctc_decoding import Alphabet
from visgate_server.text_reading.line_images import LINE_HEIGHT, NARROWEST
from visgate_server.text_reading.text_reader import ReadLine, TextReader
from visgate_server.tool_model import Image, ModelCaller, Prepared, ToolModel, ToolRequest, ToolResponse
from visgate_server.tool_spec import Argument, ArgumentKind, PictureOutput, ToolSpec, picture

ALPHABET_KEY = "character"
"""Metadata key of the recogniser's file that holds its alphabet."""

READ_TEXT = ToolSpec(
    name="read_text",
    title="Read Text On Image",
    description=(
        "Reads printed text in a picture (OCR): Latin letters, digits and Chinese, at any angle, on pages, signs and "
        "labels. Returns the text in reading order and the picture with each line highlighted; data: text, "
        "and lines with text, score (0–1) and quad (four x, y corners in pixels of the given picture, clockwise as "
        "the text reads). It cannot read handwriting, Arabic, Cyrillic or most accents, does not understand what it "
        "reads, and reads side-by-side columns straight across."
    ),
    arguments=(
        picture(),
        Argument(
            "threshold",
            ArgumentKind.NUMBER,
            "Lines read with a lower score are left out; print has 0.9, things that are no text under 0.75.",
            default=0.75,
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    pictures=(
        PictureOutput(
            "PICTURE", "The picture with each line of text highlighted, and numbered where there is room beside it."
        ),
    ),
    examples=(
        "read the text",
        "what does the sign say",
        "what is written on this page",
        "extract the words from the picture",
        "OCR this document",
        "transcribe the label",
        "tell me what the letters spell",
        "copy the text out of the scan",
    ),
    source="PP-OCR (rapidocr-onnxruntime, PyPI)",
)


class ReadText(ToolModel[None]):
    """Hands all pictures that came together to one reader, so that their lines share the recogniser's runs."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="read_text",
        summary="Printed text (PP-OCRv4 detector and recogniser)",
        tools=(READ_TEXT,),
        networks=("text_detector.onnx", "text_orientation.onnx", "text_recogniser.onnx"),
        # Lines, not pictures, fill the runs here: more pages at once would only make the first wait for the last.
        max_batch_size=4,
        instances=1,  # one may take more than a gigabyte, and half a second is little beside its work
    )

    def setup(self, folder: Path, call_models: ModelCaller) -> None:
        recogniser: Network = open_network(folder / "text_recogniser.onnx")
        blank = np.zeros((1, LINE_HEIGHT, NARROWEST, 3), np.uint8)
        classes = recogniser.run({"image": blank})["characters"].shape[-1]
        if ALPHABET_KEY not in recogniser.metadata:
            raise NetworkError("text_recogniser.onnx carries no alphabet: run `make models` to export it anew")
        self._reader = TextReader(
            detector=open_network(folder / "text_detector.onnx"),
            orientation=open_network(folder / "text_orientation.onnx"),
            recogniser=recogniser,
            alphabet=Alphabet.from_metadata(recogniser.metadata[ALPHABET_KEY], classes),
        )

    def preprocess(self, request: ToolRequest) -> Prepared[None]:
        return Prepared({"picture": boxed(request.image())}, None)

    def run(self, batch: Tensors) -> Tensors:
        pictures: list[Image] = [unboxed(cell) for cell in batch["picture"]]
        return {"lines": boxed_rows(self._reader.read(pictures))}

    def postprocess(self, outputs: Tensors, request: ToolRequest, context: None) -> ToolResponse:
        every: list[ReadLine] = unboxed(outputs["lines"])
        threshold = request.number("threshold")
        lines = [line for line in every if line.reading.text and line.reading.score >= threshold]
        text = _joined(lines)
        highlights = [
            Highlight(line.place.outline(), str(number), colour_of(number)) for number, line in enumerate(lines, 1)
        ]
        return ToolResponse(
            text=_sentence(text, len(lines), len(every) - len(lines)),
            data={"text": text, "lines": [_data(line, request.image()) for line in lines]},
            pictures={"PICTURE": draw_highlights(request.image(), highlights)},
        )


def _joined(lines: Sequence[ReadLine]) -> str:
    """The text as on the page: a line a row."""
    rows = groupby(lines, key=lambda line: line.row)
    return "\n".join(" ".join(line.reading.text for line in row) for _, row in rows)


def _data(line: ReadLine, image: Image) -> dict[str, Any]:
    height, width, _ = image.shape
    quad = np.clip(line.place.quad, 0, [width, height])
    return {
        "text": line.reading.text,
        "score": round(line.reading.score, 4),
        "quad": [[round(float(x), 1), round(float(y), 1)] for x, y in quad],
    }


def _sentence(text: str, count: int, left_out: int) -> str:
    if not count:
        return "No text was found that could be read."
    doubtful = f" ({left_out} doubtful left out)" if left_out else ""
    return f"{count} {'line' if count == 1 else 'lines'} of text read{doubtful}:\n{text}"
