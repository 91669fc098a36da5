"""Keeps one session's pictures in one folder, under names that only the store makes up; knows no server."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from visgate_agent.errors import PictureStoreError, UnknownPictureError
from visgate_agent.picture_names import PHOTO, PictureName, operation_of
from visgate_client import read_picture


class PictureStore:
    """The pictures of one session, oldest first.

    A picture is found by looking its name up among those that the store gave out. A name is never joined to a
    path, so no name, whoever wrote it, leads out of the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, Path] = {}
        self._identities: set[str] = set()
        self._naming = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all pictures, oldest first."""
        return tuple(self._paths)

    def path(self, name: str) -> Path:
        """The PNG file of the picture called `name`.

        Raises:
            UnknownPictureError: there is none; the message lists the names that exist.
        """
        try:
            return self._paths[name]
        except KeyError:
            raise UnknownPictureError(f"there is no picture {name!r}: {self._existing()}") from None

    def add_photo(self, file: Path) -> str:
        """Takes a copy of a person's picture, upright and as RGB, and returns its name.

        Raises:
            VisgateError: the file is missing, or is no picture.
        """
        picture = Image.fromarray(read_picture(file))
        return self._save(picture, PictureName(self._new_identity(), PHOTO))

    def add_results(self, tool: str, images: Mapping[str, Image.Image], made_from: str | None) -> tuple[str, ...]:
        """Keeps the pictures that a tool made and returns their names, in the same order.

        Args:
            tool: the tool's name.
            images: pictures by output; the first is called after the tool, further ones after tool and output.
            made_from: the name of the picture that the tool was given, if it was given one.
        """
        source = None if made_from is None else PictureName.parse(self.path(made_from).name)
        names = []
        for position, (output, image) in enumerate(images.items()):
            operation = operation_of(tool) if position == 0 else operation_of(tool, output)
            identity = self._new_identity()
            name = PictureName(identity, operation) if source is None else source.made(identity, operation)
            names.append(self._save(image, name))
        return tuple(names)

    def _new_identity(self) -> str:
        # Results of concurrent calls are kept in several threads.
        with self._naming:
            while (identity := secrets.token_hex(2)) in self._identities:
                continue
            self._identities.add(identity)
        return identity

    def _save(self, picture: Image.Image, name: PictureName) -> str:
        path = self.folder / str(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        except OSError as error:
            raise PictureStoreError(f"cannot write {path}: {error.strerror or error}") from error
        self._paths[path.name] = path
        return path.name

    def _existing(self) -> str:
        if not self._paths:
            return "the session has no pictures yet; a person has to attach one"
        return "the pictures that exist are " + ", ".join(self._paths)
