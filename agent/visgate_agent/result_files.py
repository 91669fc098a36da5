"""Writes the pictures of a single tool call to files that overwrite nothing; knows no session."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from visgate_agent.errors import PictureStoreError
from visgate_agent.picture_names import operation_of
from visgate_client import ToolResult


def save_pictures(result: ToolResult, folder: Path, stem: str) -> dict[str, Path]:
    """Writes each picture as `{stem}_{tool}.png`, further ones as `{stem}_{tool}-{output}.png`.

    A number is added to a name that is taken. The folder is made if it is missing.

    Args:
        result: what the tool answered.
        folder: where to write.
        stem: what the names begin with, usually that of the picture that the tool was given.

    Returns:
        The file of each picture, by output.

    Raises:
        PictureStoreError: a file cannot be written.
    """
    files: dict[str, Path] = {}
    try:
        for position, (output, image) in enumerate(result.images.items()):
            if position == 0:
                folder.mkdir(parents=True, exist_ok=True)
            operation = operation_of(result.tool) if position == 0 else operation_of(result.tool, output)
            files[output] = _save_new(image, folder, f"{stem}_{operation}" if stem else operation)
    except OSError as error:
        raise PictureStoreError(f"cannot write pictures to {folder}: {error.strerror or error}") from error
    return files


def _save_new(image: Image.Image, folder: Path, stem: str) -> Path:
    number = 1
    while True:
        path = folder / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
        try:
            with path.open("xb") as file:
                image.save(file, format="PNG")
        except FileExistsError:
            number += 1
        else:
            return path
