"""A small vision server inside the test's process, at the agent's seam: real pictures in, real pictures out."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image, ImageOps

from visgate_client import Progress, ServerError, Times, Tool, ToolInput, ToolOutput, ToolResult, read_picture

DIMENSIONS = 512
Handler = Callable[[Image.Image, Mapping[str, Any]], tuple[str, Any, dict[str, Image.Image]]]


def sample_tool(
    name: str,
    *,
    description: str = "Does something.",
    examples: tuple[str, ...] = (),
    pictures: tuple[str, ...] = (),
    required: tuple[str, ...] = ("image",),
    streams: bool = False,
    **properties: dict[str, Any],
) -> Tool:
    """A tool with the argument `image`, if it is required, and others by their JSON Schemas."""
    image = {"type": "string", "contentMediaType": "image/*", "description": "The picture."}
    schemas = ({"image": image} if "image" in required else {}) | properties
    outputs = [ToolOutput(picture.upper(), "picture") for picture in pictures]
    return Tool(
        name=name,
        title=name.replace("_", " ").capitalize(),
        description=description,
        parameters={
            "type": "object",
            "properties": schemas,
            "required": list(required),
            "additionalProperties": False,
        },
        examples=examples,
        model=name,
        inputs=tuple(ToolInput(argument.upper(), "BYTES", argument) for argument in schemas),
        outputs=(*outputs, ToolOutput("TEXT", "text"), ToolOutput("DATA", "data"), ToolOutput("TIMES", "times")),
        streams=streams,
    )


INVERT = sample_tool(
    "invert_colours", description="Inverts the colours.", examples=("invert the colours",), pictures=("inverted",)
)
MEASURE = sample_tool(
    "measure_size",
    description="Measures the size in pixels.",
    examples=("measure the size", "how large is it"),
)
CUT = sample_tool(
    "cut_middle",
    description="Cuts out the middle.",
    examples=("cut out the middle",),
    pictures=("cutout", "mask"),
    share={"type": "number", "description": "Share of the sides that stays.", "minimum": 0, "maximum": 1},
)


DRAW = sample_tool(
    "draw_scene",
    description="Draws a scene.",
    examples=("draw a scene", "generate an image of a scene"),
    pictures=("picture",),
    required=("prompt",),
    streams=True,
    prompt={"type": "string", "description": "What to draw."},
)
STEPS = 3


class SampleVision:
    """Offers `tools`, and lets a test hold a call back, fail it, or see what was called.

    Attributes:
        calls: the name and arguments of every call, in the order in which they began.
        finished: the names of the tools whose calls have been answered.
        cancelled: the names of the tools whose calls were cancelled.
        before: awaited at the beginning of the calls of a tool.
        errors: raised by the calls of a tool.
        streamed: the names of the tools whose progress was asked for.
        after_step: awaited after each step of a streamed call.
    """

    def __init__(self, *tools: Tool) -> None:
        self.offered = tools or (INVERT, MEASURE, CUT)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.finished: list[str] = []
        self.cancelled: list[str] = []
        self.before: dict[str, Callable[[], Any]] = {}
        self.errors: dict[str, Exception] = {}
        self.streamed: list[str] = []
        self.after_step: dict[str, Callable[[], Any]] = {}
        self._handlers: dict[str, Handler] = {
            "invert_colours": lambda image, _: ("Inverted.", None, {"inverted": ImageOps.invert(image)}),
            "measure_size": lambda image, _: (f"{image.width} × {image.height}", {"width": image.width}, {}),
            "cut_middle": _cut_middle,
            "draw_scene": lambda _, given: (f"Drew {given['prompt']}.", None, {"picture": Image.new("RGB", (8, 8))}),
        }

    async def tools(self, *, refresh: bool = False) -> tuple[Tool, ...]:
        return self.offered

    async def call(self, tool: str, arguments: Mapping[str, Any], /) -> ToolResult:
        self.calls.append((tool, dict(arguments)))
        try:
            if tool in self.before:
                await self.before[tool]()
        except asyncio.CancelledError:
            self.cancelled.append(tool)
            raise
        if tool in self.errors:
            raise self.errors[tool]
        handler = self._handlers.get(tool, lambda *_: ("Done.", None, {}))
        given = Image.fromarray(read_picture(arguments["image"])) if "image" in arguments else Image.new("RGB", (1, 1))
        text, data, images = handler(given, arguments)
        self.finished.append(tool)
        arrays = {name: np.asarray(image) for name, image in images.items()}
        return ToolResult(tool, text, data, arrays, Times(total_ms=12.5, queue_ms=2.0, compute_ms=9.5, batch_size=1))

    async def stream(self, tool: str, arguments: Mapping[str, Any], /) -> AsyncGenerator[Progress | ToolResult, None]:
        self.streamed.append(tool)
        try:
            for step in range(1, STEPS + 1):
                yield Progress(step, STEPS, np.full((2, 2, 3), step, np.uint8) if step == 2 else None)
                if tool in self.after_step:
                    await self.after_step[tool]()
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.append(tool)
            raise
        yield await self.call(tool, arguments)

    async def infer(self, model: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Vectors of words: texts that share words are near each other, which is all that these tests need."""
        if model != "text_embedding":
            raise ServerError(f"there is no model {model!r}")
        texts = [row[0].decode() for row in inputs["TEXT"]]
        return {"EMBEDDING": np.stack([word_vector(text) for text in texts])}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class WordEmbedder:
    """The same vectors of words without a server."""

    async def embed(self, texts: Any) -> Any:
        return np.stack([word_vector(text) for text in texts])


def word_vector(text: str) -> np.ndarray:
    vector = np.full(DIMENSIONS, 1e-6, np.float32)
    for word in text.lower().replace(",", " ").split():
        vector[zlib.crc32(word.encode()) % DIMENSIONS] += 1
    return vector / np.linalg.norm(vector)


def write_photo(folder: Path, name: str = "photo.png", size: tuple[int, int] = (8, 6)) -> Path:
    path = folder / name
    Image.new("RGB", size, (250, 100, 0)).save(path)
    return path


def _cut_middle(image: Image.Image, arguments: Mapping[str, Any]) -> tuple[str, Any, dict[str, Image.Image]]:
    mask = Image.new("L", image.size, 0)
    mask.paste(255, (image.width // 4, image.height // 4, 3 * image.width // 4, 3 * image.height // 4))
    cutout = image.convert("RGBA")
    cutout.putalpha(mask)
    return "Cut out.", {"share": arguments.get("share", 0.5)}, {"cutout": cutout, "mask": mask}
