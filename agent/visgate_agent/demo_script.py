"""What the demo says, and the free photos that it says it about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visgate_agent.errors import DemoError


@dataclass(frozen=True)
class DemoPhoto:
    """A photo that scikit-image carries.

    Attributes:
        function: the function in `skimage.data` that returns it.
        credit: what it shows, where it comes from, and its licence.
    """

    function: str
    credit: str


@dataclass(frozen=True)
class DemoMessage:
    """What is said, and the photo that comes with it."""

    text: str
    photo: DemoPhoto | None = None


ASTRONAUT = DemoPhoto(
    "astronaut",
    "Astronaut Eileen Collins: NASA, public domain (https://flic.kr/p/r9qvLn), as skimage.data.astronaut().",
)
PAGE = DemoPhoto(
    "page",
    "Scanned page of print: scikit-image's own sample data, BSD-3-Clause, as skimage.data.page().",
)

MESSAGES = (
    DemoMessage("Describe this photo, then find the objects in it.", ASTRONAUT),
    DemoMessage("Cut out the person, draw the edges of the cut-out, and then enlarge the edges."),
    DemoMessage("Read the text in this photo.", PAGE),
    DemoMessage("Find the faces in the first photo and detect the pose in the first photo."),
    DemoMessage("Draw a cat left of an apple on a blue background with seed 7."),
    DemoMessage(
        "Find the edges of the drawing, and then draw a cat left of an apple on a red background from the edges with "
        "seed 7."
    ),
    DemoMessage("Caption the drawing. Then replace the apple in the drawing with a banana with seed 7."),
    DemoMessage("Segment the picture. What is left of the banana?"),
)
"""At least six tool calls, of which the edges and the enlargement need the result of the one before; then drawings,
which are described, changed and asked about."""

PHOTOS = tuple(message.photo for message in MESSAGES if message.photo is not None)


def write_photo(photo: DemoPhoto, folder: Path) -> Path:
    """Writes a photo as a PNG file into a folder and returns its path.

    Raises:
        DemoError: scikit-image is not installed.
    """
    try:
        import skimage.data
    except ImportError as error:
        raise DemoError("the demo's photos come with scikit-image: pip install scikit-image") from error
    load: Callable[[], NDArray[np.uint8]] = getattr(skimage.data, photo.function)
    path = folder / f"{photo.function}.png"
    Image.fromarray(load()).save(path)
    return path
